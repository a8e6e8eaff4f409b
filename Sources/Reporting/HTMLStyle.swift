extension HTMLReport {
    /// The style sheet of the page. Figures stay on a light ground, for which their colours are chosen.
    static let style = """
        :root {
          --ground: #ffffff; --raised: #f3f5f7; --text: #1b1f24; --quiet: #57606a; --line: #d3d9df; --notice: #fff4d6;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #14171a; --raised: #1f2429; --text: #e4e7eb; --quiet: #9ba5b0; --line: #3a424b; --notice: #3d3210;
          }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
        body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
        main { max-width: 74rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
        h1 { margin: 0.5rem 0 0; font-size: 1.6rem; line-height: 1.25; }
        h2 { margin: 2rem 0 0.75rem; font-size: 1.2rem; line-height: 1.3; }
        p { margin: 0 0 0.5rem; max-width: 48rem; }
        .lead, .note, figcaption, dt { color: var(--quiet); }
        .notice { margin: 0.75rem 0; padding: 0.5rem 0.75rem; border-radius: 0.4rem; background: var(--notice); }
        .scroll { max-width: 100%; margin: 0 0 1rem; overflow-x: auto; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
        caption { padding: 0.25rem 0; text-align: left; color: var(--quiet); }
        caption span { display: inline-block; max-width: min(48rem, 100vw - 2rem); }
        th, td { padding: 0.3rem 0.75rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
        thead th, thead td { border-bottom: 2px solid var(--line); }
        th { font-weight: 600; }
        tbody th { font-weight: 400; }
        .text { text-align: left; }
        .number { text-align: right; }
        figure { margin: 0 0 1.5rem; }
        figcaption { margin-top: 0.25rem; font-size: 0.9rem; }
        .panels { display: flex; flex-wrap: wrap; gap: 0.75rem; }
        svg {
          flex: 1 1 20rem; min-width: 0; max-width: 36rem; height: auto; border-radius: 0.4rem; background: #ffffff;
        }
        svg text { font-family: Helvetica, Arial, sans-serif; }
        dl { margin: 0 0 1rem; }
        dd { margin: 0; }
        .settings { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 0 1rem; }
        .settings div { padding: 0.3rem 0; border-bottom: 1px solid var(--line); }
        .settings dt { font-size: 0.85rem; line-height: 1.3; }
        .statements { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: 0.75rem; }
        .statements div { padding: 0.75rem; border-radius: 0.4rem; background: var(--raised); }
        .statements dt { font-weight: 600; }
        .statements dd + dd { margin-top: 0.5rem; }
        pre {
          margin: 0; padding: 0.75rem; border-radius: 0.4rem; background: var(--raised); white-space: pre-wrap;
          font: 0.9rem/1.5 ui-monospace, monospace;
        }
        """
}
