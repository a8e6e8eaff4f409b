import Testing
import Torch

@testable import NeuralNetworks

@Suite struct StateDictionaryTests {
    private func perceptron(seed: UInt64, dtype: DType = .float32) -> MLP {
        MLP(inputs: 4, hidden: [3], outputs: 2, using: Generator(seed: seed), dtype: dtype)
    }

    private func network(seed: UInt64) -> ResidualNetwork {
        ResidualNetwork(imageShape: [3, 8, 8], channels: [4, 4], outputs: 2, using: Generator(seed: seed))
    }

    private func elements(of model: some Layer) -> [[Double]] {
        (model.parameters + model.buffers).map { $0.value.doubles() }
    }

    @Test func aModelsTensorsAreThoseOfAnother() throws {
        let (model, other) = (network(seed: 1), network(seed: 2))
        for buffer in model.buffers { buffer.value.fill(3) }
        let state = StateDictionary(of: model)
        #expect(
            Set(state.file.tensors.keys).isSuperset(of: ["0.weight", "1.running_mean", "1.running_var", "3.0.weight"]))
        #expect(state.file.metadata == ["format": "pt"])
        #expect(elements(of: other) != elements(of: model))
        try state.load(into: other)
        #expect(elements(of: other) == elements(of: model))
        #expect(!other.parameters[0].value.sharesStorage(with: model.parameters[0].value))
    }

    @Test(arguments: ["", "module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod.module."])
    func whatWrappersPutBeforeNamesStays(prefix: String) throws {
        let model = network(seed: 1)
        var tensors = StateDictionary(of: network(seed: 2)).file.tensors
        tensors["1.num_batches_tracked"] = Tensor([7] as [Int64], shape: [])
        let named = Dictionary(uniqueKeysWithValues: tensors.map { (prefix + $0, $1) })
        let state = StateDictionary(Safetensors(tensors: named, metadata: ["by": "me"]))
        try state.load(into: model)
        #expect(elements(of: model) == elements(of: network(seed: 2)))
        for parameter in model.parameters { parameter.value.addInPlace(1) }
        let updated = try state.updated(from: model)
        #expect(Set(updated.tensors.keys) == Set(named.keys) && updated.metadata == ["by": "me"])
        #expect(updated.tensors[prefix + "1.num_batches_tracked"]?.elements() == [7] as [Int64])
        for parameter in model.parameters + model.buffers {
            let tensor = try #require(updated.tensors[prefix + parameter.name])
            #expect(tensor.doubles() == parameter.value.doubles() && !tensor.sharesStorage(with: parameter.value))
        }
        #expect(updated.tensors[prefix + "0.weight"]!.doubles() != named[prefix + "0.weight"]!.doubles())
    }

    @Test func aModelsOwnNamesComeBeforeThoseOfWrappers() throws {
        let model = Sequential(named: ["module": Dense(2, 2, using: Generator(seed: 0))])
        let other = Sequential(named: ["module": Dense(2, 2, using: Generator(seed: 1))])
        for prefix in ["", "module."] {
            let tensors = StateDictionary(of: other).file.tensors.map { (prefix + $0, $1) }
            try StateDictionary(Safetensors(tensors: Dictionary(uniqueKeysWithValues: tensors))).load(into: model)
            #expect(elements(of: model) == elements(of: other))
            model.parameters[0].value.fill(0)
        }
    }

    @Test func allThatIsWrongIsSaidAtOnceAndNothingIsLoaded() throws {
        let model = perceptron(seed: 1)
        let before = elements(of: model)
        let tensors: [String: Tensor] = [
            "module.1.weight": .ones([3, 4]), "module.1.bias": .ones([4]), "module.3.bias": Tensor([1, 2] as [Int64]),
            "module.5.weight": .ones([1]), "module.1.num_batches_tracked": .ones([]),
        ]
        let error = #expect(throws: StateDictionaryError.self) {
            try StateDictionary(Safetensors(tensors: tensors)).load(into: model)
        }
        #expect(error?.missing == ["module.3.weight"])
        #expect(error?.unexpected == ["module.1.num_batches_tracked", "module.5.weight"])
        #expect(error?.misfits.map(\.name) == ["module.1.bias", "module.3.bias"] && error?.ties == [])
        #expect(
            error?.description
                == "the weights are not those of the model: missing module.3.weight; unexpected module.1.num_batches_tracked, "
                + "module.5.weight; module.1.bias is [4] of float32 instead of [3] of real numbers, module.3.bias is [2] of int64 "
                + "instead of [2] of real numbers; take the model that the weights were saved of, or name the tensors as its "
                + "layers do"
        )
        #expect(elements(of: model) == before)
        let none = #expect(throws: StateDictionaryError.self) {
            try StateDictionary(Safetensors(tensors: [:])).load(into: model)
        }
        #expect(none?.missing == ["1.weight", "1.bias", "3.weight", "3.bias"])
    }

    @Test(arguments: [DType.float16, .bfloat16, .float32, .float64]) func typesStayButForHalfPrecision(dtype: DType)
        throws
    {
        let source = StateDictionary(of: perceptron(seed: 2)).file.tensors.mapValues { $0.to(dtype: dtype) }
        let state = StateDictionary(Safetensors(tensors: source))
        let model = perceptron(seed: 1, dtype: .float64)
        try state.load(into: model)
        #expect(model.parameters[0].value.doubles() == source["1.weight"]!.doubles())
        model.parameters[0].value.addInPlace(1e-5)
        let isHalf = dtype.byteCount == 2
        #expect(try state.updated(from: model).tensors.values.allSatisfy { $0.dtype == (isHalf ? .float32 : dtype) })
        let kept = try state.updated(from: model, keepsHalfPrecision: true)
        #expect(kept.tensors.values.allSatisfy { $0.dtype == dtype })
        #expect(kept.tensors["1.weight"]!.doubles() == model.parameters[0].value.to(dtype: dtype).doubles())
    }

    @Test func tiedWeightsStayTied() throws {
        func model(isTied: Bool) -> Transformer {
            .languageModel(
                vocabulary: 5, length: 3, heads: 1, headDimension: 4, layers: 1, tiesHead: isTied,
                using: Generator(seed: 1))
        }
        let tied = model(isTied: true)
        var tensors = StateDictionary(of: tied).file.tensors.mapValues { $0.clone() }
        #expect(tensors["embedding.weight"] != nil && tensors["head.weight"] == nil)
        tensors["head.weight"] = tensors["embedding.weight"]
        tensors = Dictionary(uniqueKeysWithValues: tensors.map { ("module." + $0, $1) })
        let state = StateDictionary(Safetensors(tensors: tensors))
        tied.parameters[0].value.fill(3)
        try state.load(into: tied)
        tied.parameters[0].value.addInPlace(1)
        let updated = try state.updated(from: tied)
        #expect(Set(updated.tensors.keys) == Set(tensors.keys))
        let (embedding, head) = (updated.tensors["module.embedding.weight"]!, updated.tensors["module.head.weight"]!)
        #expect(embedding.isIdentical(to: head))
        #expect(embedding.doubles() == (tensors["module.embedding.weight"]! + 1).doubles())

        let error = #expect(throws: StateDictionaryError.self) { try state.load(into: model(isTied: false)) }
        #expect(error?.ties == [.init(name: "module.head.weight", other: "module.embedding.weight")])
        #expect(error?.description.contains("one tensor, and two in the model; save them as two") == true)
        // Without the tie the head is one too many.
        tensors["module.head.weight"] = tensors["module.head.weight"]!.clone()
        let second = #expect(throws: StateDictionaryError.self) {
            try StateDictionary(Safetensors(tensors: tensors)).load(into: tied)
        }
        #expect(second?.unexpected == ["module.head.weight"])
    }
}
