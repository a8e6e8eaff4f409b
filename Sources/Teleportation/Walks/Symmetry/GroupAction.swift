/// How an element g of GL(k) acts on two consecutive layers U and V of a perceptron with k hidden units between them.
///
/// In the papers' notation, with samples as columns: h is the input of V, `S = sigma(V h)` that of U, and `^+` the
/// pseudo-inverse. A bias is the last column of V, and h has a one at its end; the bias of U stays.
///
/// The papers derive their actions for invertible matrices. For other ones the formulas below add what changes to what is
/// there, where the published ones replace all of it: for invertible matrices these are the same, the identity element
/// changes nothing, and V keeps what it does to inputs outside the span of h.
public enum GroupAction: String, CaseIterable, Sendable {
    /// `U g^{-1}` and `V + (sigma^{-1}(g S) - sigma^{-1}(S)) h^+`; ST22 eq. 8. It needs a bijective activation: LeakyReLU,
    /// or tanh and the logistic function extended to bijections (ST22 section 4.2). The loss stays exactly what it is where
    /// the samples' h are linearly independent, so that there are at most as many samples as inputs. Rows of T
    /// that would take their units out of the range of tanh or the logistic function are shortened, since the network does
    /// not use the extension.
    /// Units that are saturated to rounding for any of the samples stay: no weights would take them far enough back.
    case exact
    /// `U - U (S' - S) S'^+` with `S' = sigma(g V h)`, and `g V`; PS24 eq. 46. Any activation does. The loss stays exactly
    /// what it is where the columns of S' are linearly independent, so that there are at most as many samples as hidden
    /// units.
    case approximate
}
