import NeuralNetworks
import Torch

/// A recurrent network of LSTM cells one above the other, with affine heads on the last: a meta-optimizer, which reads a
/// gradient at each step of a training and remembers the steps before (Andrychowicz et al. 2016; PS24 section 5.2).
package struct MetaLSTM {
    /// A cell, with the weights of PyTorch's `LSTMCell`.
    package struct Cell {
        /// `W_x`, `[4 H, in]`.
        package let inputWeight: Tensor
        /// `W_h`, `[4 H, H]`.
        package let hiddenWeight: Tensor
        /// `b_x`, `[4 H]`.
        package let inputBias: Tensor
        /// `b_h`, `[4 H]`.
        package let hiddenBias: Tensor
    }

    /// The cells, from the one that reads the input up.
    package let cells: [Cell]
    /// What is made of the last cell's hidden state.
    package let heads: [Dense]

    /// A network of two cells.
    ///
    /// - Parameters:
    ///   - inputs: The size of what it reads.
    ///   - hidden: H, the size of each cell.
    ///   - outputs: The size of what each head returns.
    ///   - make: Makes each weight, cell by cell and then head by head, given its name among `parameters` and its shape.
    package init<Failure: Error>(
        inputs: Int, hidden: Int, outputs: [Int], _ make: (_ name: String, _ shape: [Int]) throws(Failure) -> Tensor
    ) throws(Failure) {
        var cells: [Cell] = []
        for (index, inputs) in [inputs, hidden].enumerated() {
            cells.append(
                Cell(
                    inputWeight: try make("cells.\(index).weight_ih", [4 * hidden, inputs]),
                    hiddenWeight: try make("cells.\(index).weight_hh", [4 * hidden, hidden]),
                    inputBias: try make("cells.\(index).bias_ih", [4 * hidden]),
                    hiddenBias: try make("cells.\(index).bias_hh", [4 * hidden])))
        }
        var heads: [Dense] = []
        for (index, outputs) in outputs.enumerated() {
            let weight = try make("heads.\(index).weight", [outputs, hidden])
            heads.append(Dense(weight: weight, bias: try make("heads.\(index).bias", [outputs])))
        }
        self.cells = cells
        self.heads = heads
    }

    /// The weights, under PyTorch's names: `cells.0.weight_ih` to `heads.0.bias`.
    package var parameters: [Parameter] {
        cells.enumerated().flatMap { index, cell in
            [
                ("weight_ih", cell.inputWeight), ("weight_hh", cell.hiddenWeight), ("bias_ih", cell.inputBias),
                ("bias_hh", cell.hiddenBias),
            ].map { Parameter("cells.\(index).\($0)", $1) }
        }
            + heads.enumerated().flatMap { index, head in
                head.parameters.map { Parameter("heads.\(index).\($0.name)", $0.value) }
            }
    }

    /// What the cells remember of the steps so far.
    package struct State {
        /// h and c of each cell, `[B, H]`.
        package var cells: [(hidden: Tensor, cell: Tensor)]

        /// The same memory, cut off from the graph that computed it.
        package func detached() -> State { State(cells: cells.map { ($0.detached(), $1.detached()) }) }
    }

    /// The memory before the first of B trainings' steps: zeros.
    package func initialState(batch: Int) -> State {
        State(
            cells: cells.map { cell in
                let weight = cell.hiddenWeight
                let zeros = Tensor.zeros([batch, weight.size(1)], dtype: weight.dtype, device: weight.device)
                return (zeros, zeros)
            })
    }

    /// Takes a step.
    ///
    /// - Parameters:
    ///   - input: What to read, `[B, in]`.
    ///   - state: What is remembered, which the step replaces.
    ///   - tape: Notes what the gradients of the weights need; nil where none are asked for.
    /// - Returns: What each head makes of it, `[B, out]`.
    package func callAsFunction(_ input: Tensor, _ state: inout State, on tape: Tape? = nil) -> [Tensor] {
        var rows = input
        for (index, cell) in cells.enumerated() {
            let (hidden, memory) = state.cells[index]
            state.cells[index] = rows.lstmCell(
                hidden: hidden, cell: memory, inputWeight: cell.inputWeight, hiddenWeight: cell.hiddenWeight,
                inputBias: cell.inputBias,
                hiddenBias: tape?.note([rows, hidden], into: index, bias: cell.hiddenBias) ?? cell.hiddenBias)
            rows = state.cells[index].hidden
        }
        return heads.enumerated().map { index, head in
            guard let bias = head.bias else { fatalError("a head has a bias") }
            return rows.linear(head.weight, tape?.note([rows], into: cells.count + index, bias: bias) ?? bias)
        }
    }
}

extension MetaLSTM {
    /// What the affine maps of a network have read at each step of an unrolled training.
    ///
    /// A map `z = x W^T + b` that is taken at T steps has the gradient `sum delta_t^T x_t` with `delta_t = dL/dz_t`: one
    /// product of the stacked `delta` and x, where autograd would form and add T matrices as large as the weight. So
    /// autograd does not follow the weights, but at each step an own copy of the bias, whose gradient is `delta_t`.
    package final class Tape {
        private var steps: [[(inputs: [Tensor], bias: Tensor)]]

        /// An empty tape for a network.
        package init(for network: MetaLSTM) {
            steps = Array(repeating: [], count: network.cells.count + network.heads.count)
        }

        /// Notes what a map reads.
        ///
        /// - Parameters:
        ///   - inputs: What each of its weights is multiplied by, `[B, in]`.
        ///   - map: The number of the map: the cells, then the heads.
        ///   - bias: Its bias, `[out]`.
        /// - Returns: The bias to take, which autograd follows, `[B, out]`.
        fileprivate func note(_ inputs: [Tensor], into map: Int, bias: Tensor) -> Tensor {
            let rows = inputs[0].size(0)
            let copy = Tensor.stacked(Array(repeating: bias, count: rows))
            copy.requiresGradient = true
            steps[map].append((inputs.map { $0.detached() }, copy))
            return copy
        }

        /// What autograd follows, map by map and step by step.
        package var followed: [Tensor] { steps.flatMap { $0.map(\.bias) } }

        /// Forgets the steps.
        ///
        /// - Parameter cotangents: The gradients of what autograd followed, in its order.
        /// - Returns: The gradients of the network's parameters, in their order.
        package func gradients(cotangents: some Sequence<Tensor>) -> [ParameterGradient] {
            var rest = cotangents.makeIterator()
            let gradients = steps.flatMap { steps -> [ParameterGradient] in
                let delta = Tensor.concatenated(steps.compactMap { _ in rest.next() }, along: 0)
                let weights = (steps.first?.inputs.indices ?? 0..<0).map { index in
                    ParameterGradient.product(
                        delta: delta,
                        input: Representation(rows: .concatenated(steps.map { $0.inputs[index] }, along: 0)))
                }
                // A cell adds two biases, a head one: as many as it has weights.
                let bias = delta.sum(along: [0])
                return weights + weights.map { _ in .tensor(bias) }
            }
            for map in steps.indices { steps[map] = [] }
            return gradients
        }
    }
}
