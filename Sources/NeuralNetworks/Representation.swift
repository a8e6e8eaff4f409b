import Torch

/// The input of an affine map over a batch: the representation matrix of NS25 eqs. 8-10, transposed, in whatever form the
/// layer has it.
public protocol AffineInput: AnyObject {
    /// m, the rows: one for each sample, or for each token or patch of each sample.
    var rowCount: Int { get }

    /// The columns, without that of a bias.
    var columnCount: Int { get }

    /// The element type.
    var dtype: DType { get }

    /// Where the elements are.
    var device: Device { get }

    /// The input as a matrix where the layer has it so; nil where its rows are made part by part.
    var representation: Representation? { get }

    /// Calls `body` with all rows, `[m', in]` with `m'` at most `limit` or the rows of one sample, part by part.
    func forEachPart(ofAtMost limit: Int, _ body: (Tensor) -> Void)

    /// `delta^T D`, `[out, in]`: the sum over rows of the outer products of cotangents of the map's outputs and tangents of
    /// its inputs, both in the shapes that the layer's pull-back and pushforward give.
    func product(_ delta: Tensor, _ tangent: Tensor) -> Tensor
}

extension AffineInput {
    /// None.
    public var representation: Representation? { nil }
}

/// The input of an affine map as a matrix.
public final class Representation: AffineInput {
    /// One row for each sample or token, `[m, in]`.
    public let rows: Tensor

    /// The inner products of the rows, `[m, m]`, computed when first asked for.
    public private(set) lazy var gram = rows.matmul(rows.transposed())

    /// The representation with the given rows.
    public init(rows: Tensor) {
        require(rows.rank == 2, "a representation has one row for each sample, but its shape is \(rows.shape)")
        self.rows = rows
    }

    /// This one.
    public var representation: Representation? { self }
    /// The rows of the matrix.
    public var rowCount: Int { rows.size(0) }
    /// The columns of the matrix.
    public var columnCount: Int { rows.size(1) }
    /// The element type.
    public var dtype: DType { rows.dtype }
    /// Where the elements are.
    public var device: Device { rows.device }

    /// Calls `body` with views of at most `limit` rows.
    public func forEachPart(ofAtMost limit: Int, _ body: (Tensor) -> Void) {
        for start in stride(from: 0, to: rowCount, by: limit) {
            body(rows.narrowed(0, to: start..<min(start + limit, rowCount)))
        }
    }

    /// `delta^T D` for delta `[m, out]` and D `[m, in]`.
    public func product(_ delta: Tensor, _ tangent: Tensor) -> Tensor { delta.transposed().matmul(tangent) }
}

/// The input of a convolution: a row is a patch, `[C kH kW]`, and there is one for each position of each sample; NS25 eq. 9.
///
/// The patches overlap, so that all of them hold `kH kW` times the input's elements. They are made for a few samples at a
/// time.
public final class PatchRepresentation: AffineInput {
    /// The images, `[N, C, H, W]`.
    public let images: Tensor
    private let weightShape: [Int]
    private let geometry: ConvolutionGeometry
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
        self.geometry = geometry
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
            body(part.patches(kernel: (weightShape[2], weightShape[3]), geometry))
        }
    }

    /// `delta^T D` for delta `[N, out, H', W']` and D `[N, C, H, W]`, whose patches are not made: it is the gradient of a
    /// convolution's weight.
    public func product(_ delta: Tensor, _ tangent: Tensor) -> Tensor {
        let weight = Tensor.empty(weightShape, dtype: dtype, device: device)
        return Kernels.convolutionPullback(
            delta, input: tangent, weight: weight, geometry, needs: (input: false, weight: true, bias: false)
        ).weight!.flattened(from: 1)
    }
}
