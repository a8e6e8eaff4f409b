import CTurboJPEG

/// The bytes of a JPEG image.
///
/// - Parameters:
///   - pixels: The colours of each pixel, or its brightness if the image is gray.
///   - height: The number of rows.
///   - width: The number of columns.
///   - isGray: Whether there is one component, not three.
///   - isProgressive: Whether the image comes in several scans.
func jpeg(
    _ pixels: [UInt8], height: Int, width: Int, isGray: Bool = false, isProgressive: Bool = false
) -> [UInt8] {
    precondition(pixels.count == height * width * (isGray ? 1 : 3))
    return compressed(
        pixels, height: height, width: width, as: isGray ? TJPF_GRAY : TJPF_RGB, isGray ? TJSAMP_GRAY : TJSAMP_444,
        flags: TJFLAG_ACCURATEDCT | (isProgressive ? TJFLAG_PROGRESSIVE : 0))
}

/// The bytes of an image whose pixels all have one colour.
func jpeg(red: UInt8, green: UInt8, blue: UInt8, height: Int = 8, width: Int = 8) -> [UInt8] {
    jpeg((0..<height * width).flatMap { _ in [red, green, blue] }, height: height, width: width)
}

/// The bytes of an image of 8 x 8 pixels in the four colours of print.
var cmykJPEG: [UInt8] {
    compressed([UInt8](repeating: 100, count: 8 * 8 * 4), height: 8, width: 8, as: TJPF_CMYK, TJSAMP_444, flags: 0)
}

private func compressed(
    _ pixels: [UInt8], height: Int, width: Int, as format: TJPF, _ sampling: TJSAMP, flags: Int32
) -> [UInt8] {
    let compressor = tjInitCompress()
    defer { tjDestroy(compressor) }
    var output: UnsafeMutablePointer<UInt8>?
    var size: UInt = 0
    defer { tjFree(output) }
    let status = tjCompress2(
        compressor, pixels, Int32(width), 0, Int32(height), Int32(format.rawValue), &output, &size,
        Int32(sampling.rawValue), 100, flags)
    precondition(status == 0)
    return Array(UnsafeBufferPointer(start: output, count: Int(size)))
}
