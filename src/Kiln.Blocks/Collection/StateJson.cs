using System.Text.Json.Serialization;

namespace Kiln.Blocks.Collection;

/// <summary>The serializer of what a store keeps about its upkeep. Format: docs/formats/state.md.</summary>
[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(CollectionState))]
[JsonSerializable(typeof(ScrubState))]
[JsonSerializable(typeof(QuarantineState))]
internal sealed partial class StateJson : JsonSerializerContext;
