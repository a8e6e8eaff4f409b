import NeuralNetworks
import Optimizers
import Testing
import Torch

@Suite struct TiedWeightTests {
    /// The numbers of three steps of PyTorch's `torch.optim.Adam` and `RMSprop` with a learning rate of 0.1 on
    /// `cross_entropy(tanh(x @ w.T + b) @ w.T, y)`, all in float64.
    @Test("A weight that two layers share is moved once in a step, as in PyTorch", arguments: [true, false])
    func trajectory(isAdam: Bool) {
        let weight = Tensor([0.2, -0.4, 0.6, -0.3, 0.1, 0.5, 0.7, -0.2, -0.1] as [Double], shape: [3, 3])
        let bias = Tensor([0.1, -0.2, 0.3] as [Double])
        let model = Sequential(Dense(weight: weight, bias: bias), Tanh(), Dense(weight: weight, bias: nil))
        let batch = Batch(
            inputs: Tensor([0.5, -1, 0.25, 1.5, 0.75, -0.5] as [Double], shape: [2, 3]),
            targets: Tensor([2, 0] as [Int64]))
        let optimizer: any Optimizer = isAdam ? Adam(learningRate: 0.1) : RMSProp(learningRate: 0.1)
        let parameters = model.parameters.map(\.value)
        #expect(parameters.count == 2)
        for step in 0..<3 {
            let gradients = LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: parameters)
            if step == 0 { #expect(abs(gradients.squaredNorm() - 0.2350132163145945) < 1e-14) }
            optimizer.update(parameters, with: gradients)
        }
        let expected =
            isAdam
            ? [
                -0.09074073952181057, -0.6903878706795572, 0.8977547970301978, -0.5867474843963921, 0.3868754164826006,
                0.2079021768234563, 1.0004238133680452, 0.05286502795654466, 0.19217744407651588, 0.39567084725743906,
                -0.45532342067196846, -0.00015222149454097167,
            ]
            : [
                -1.8085752178369008, -0.8364787962154213, 2.308535018295112, -1.4149004981568152, 1.3999704465655534,
                -0.5041868993739457, 2.331663999297196, 0.13036988937943556, 0.08084484455864864, 1.2433104664084549,
                -1.180253103729367, -1.5913054959791617,
            ]
        let actual = weight.doubles() + bias.doubles()
        #expect(zip(actual, expected).allSatisfy { abs($0 - $1) < 1e-12 })
    }
}
