import Torch

/// The input of a convolution: a row is a patch, `[C kH kW]`, and there is one for each position of each sample; NS25 eq. 9.
///
/// The patches overlap, so that all of them hold `kH kW` times the input's elements. They are made for a few samples at a
/// time.
public final class PatchRepresentation: AffineInput {
    /// The images, `[N, C, H, W]`.
    public let images: Tensor
    private let weightShape: [Int]
    private let windows: ConvolutionGeometry
    private let patchesPerImage: Int

    /// The patches of images under a convolution.
    ///
    /// - Parameters:
    ///   - images: The input, `[N, C, H, W]`.
    ///   - weightShape: The shape of the convolution's weight, `[out, C, kH, kW]`.
    ///   - geometry: The geometry of the convolution.
    ///   - patchesPerImage: The positions of its output, `H' W'`.
    init(images: Tensor, weightShape: [Int], geometry: ConvolutionGeometry, patchesPerImage: Int) {
        self.images = images
        self.weightShape = weightShape
        windows = geometry
        self.patchesPerImage = patchesPerImage
    }

    /// The patches of all images.
    public var rowCount: Int { images.size(0) * patchesPerImage }
    /// The elements of a patch.
    public var columnCount: Int { weightShape.dropFirst().reduce(1, *) }
    /// The element type.
    public var dtype: DType { images.dtype }
    /// Where the elements are.
    public var device: Device { images.device }

    /// Calls `body` with the patches of as many images as have at most `limit` of them, at least one image.
    public func forEachPart(ofAtMost limit: Int, _ body: (Tensor) -> Void) {
        let count = max(limit / patchesPerImage, 1)
        for start in stride(from: 0, to: images.size(0), by: count) {
            let part = images.narrowed(0, to: start..<min(start + count, images.size(0)))
            body(part.patches(kernel: (weightShape[2], weightShape[3]), windows))
        }
    }

    /// `delta^T D` for delta `[N, out, H', W']` and D `[N, C, H, W]`, whose patches are not made: it is the gradient of a
    /// convolution's weight.
    public func product(_ delta: Tensor, _ tangent: Tensor) -> Tensor {
        let weight = Tensor.empty(weightShape, dtype: dtype, device: device)
        return Kernels.convolutionPullback(
            delta, input: tangent, weight: weight, windows, needs: (input: false, weight: true, bias: false)
        ).weight!.flattened(from: 1)
    }
}
