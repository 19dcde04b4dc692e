using System.Text.Json.Serialization;

namespace Kiln.Blocks.Devices;

/// <summary>The serializer of <see cref="VolumeRecord"/>, generated at build time.</summary>
[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(VolumeRecord))]
internal sealed partial class VolumeRecordJson : JsonSerializerContext;
