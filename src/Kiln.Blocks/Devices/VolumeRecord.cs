using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Manifests;

namespace Kiln.Blocks.Devices;

/// <summary>What a volume is made of: the small file that is replaced whole. Format: docs/formats/volume.md.</summary>
internal sealed record VolumeRecord
{
    internal const string FileName = "volume";
    internal const int FormatVersion = 3;

    // Volumes of before encryption (1) and of before shared layers (2): all clear, all alone, otherwise the same.
    private const int OldestVersion = 1;

    // Far beyond any real record; a reader must not be led to allocate what a damaged file claims.
    private const int BytesMax = 16 << 20;

    public int Version { get; init; } = FormatVersion;

    public long SizeBytes { get; init; }

    public string? Base { get; init; }

    public string? BaseDomain { get; init; }

    /// <summary>The key domain of the layers' own bytes; null when they are clear.</summary>
    public string? Domain { get; init; }

    /// <summary>True when the layers hold all that the base has: no read asks the store.</summary>
    public bool Loaded { get; init; }

    public int NextLayer { get; init; }

    public IReadOnlyList<LayerRecord> Layers { get; init; } = [];

    public IReadOnlyList<CutRecord> Cuts { get; init; } = [];

    internal sealed record LayerRecord(int Number, bool Dirty, LayerKey? Key = null, bool Shared = false);

    internal sealed record CutRecord(string Id, int Layer, long SizeBytes, long CreatedAtMs, bool Settled, ulong Boot);

    internal ManifestId? BaseId => Base is null ? null : new ManifestId(Base);

    // A clear layer among encrypted ones would show ciphertext, or take in plain bytes.
    private bool HasItsKeys =>
        Layers.All(l => l is not null && (Domain is null ? l.Key is null : l.Key is { IsSane: true }));

    internal void Write(IBackend backend)
    {
        var current = this with { Version = FormatVersion };
        var json = JsonSerializer.SerializeToUtf8Bytes(current, VolumeRecordJson.Default.VolumeRecord);
        var hash = Encoding.ASCII.GetBytes($"\n{XxHash3.HashToUInt64(json):x16}\n");
        backend.WriteAtomic(FileName, [.. json, .. hash]);
    }

    /// <exception cref="FileNotFoundException">There is no volume.</exception>
    /// <exception cref="BlockCorruptException">The record is damaged.</exception>
    internal static VolumeRecord Read(IBackend backend)
    {
        using var file = backend.Open(FileName);
        var bytes = new byte[Math.Min(file.Length, BytesMax)];
        bytes = bytes[..file.Read(0, bytes)];
        if (bytes.Length < 18) throw new BlockCorruptException("The record of a volume ends early.");
        var json = bytes.AsSpan(0, bytes.Length - 18);
        var hash = Encoding.ASCII.GetBytes($"\n{XxHash3.HashToUInt64(json):x16}\n");
        if (!bytes.AsSpan(json.Length).SequenceEqual(hash))
            throw new BlockCorruptException("The record of a volume is damaged.");
        try
        {
            var record = JsonSerializer.Deserialize(json, VolumeRecordJson.Default.VolumeRecord);
            if (record is
                {
                    Version: >= OldestVersion and <= FormatVersion, SizeBytes: > 0, Layers.Count: > 0, Cuts: not null,
                    HasItsKeys: true,
                }
                && (record.Base is null || ManifestId.IsValid(record.Base))) return record;
        }
        catch (JsonException e)
        {
            throw new BlockCorruptException("The record of a volume is not readable.", e);
        }

        throw new BlockCorruptException("The record of a volume is of an unknown form.");
    }
}
