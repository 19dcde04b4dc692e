using System.Buffers.Binary;
using System.IO.Hashing;
using Kiln.Blocks.Manifests;

namespace Kiln.Blocks.Loading;

/// <summary>The file of a boot trace. Format: docs/formats/trace.md.</summary>
internal static class TraceFormat
{
    internal const string Folder = "traces";
    internal const int HeaderSize = 64;
    internal const int EntrySize = 8;
    internal const int BytesMax = HeaderSize + (BootTrace.EntriesMax * EntrySize);
    private const ulong Magic = 0x3143_5254_4E4C_494B; // "KILNTRC1"
    private const int HashAt = 56;

    internal static string NameOf(ManifestId manifest) => $"{Folder}/{manifest}";

    internal static byte[] Encode(BootTrace trace)
    {
        var bytes = new byte[HeaderSize + (trace.Entries.Count * EntrySize)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), trace.Entries.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(12), (ushort)trace.Boots);
        Convert.FromHexString(trace.Manifest.ToString()).CopyTo(bytes, 16);
        for (var i = 0; i < trace.Entries.Count; i++)
        {
            var entry = trace.Entries[i];
            BinaryPrimitives.WriteUInt64LittleEndian(
                bytes.AsSpan(HeaderSize + (i * EntrySize)),
                ((ulong)entry.Block << 16) | ((ulong)entry.Frames << 8) | entry.Boots);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(HashAt), HashOf(bytes));
        return bytes;
    }

    /// <exception cref="BlockCorruptException">It is not a trace of this manifest.</exception>
    internal static BootTrace Decode(ReadOnlySpan<byte> bytes, ManifestId manifest)
    {
        if (bytes.Length < HeaderSize || bytes.Length > BytesMax
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) * (long)EntrySize != bytes.Length - HeaderSize
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[HashAt..]) != HashOf(bytes)
            || !bytes.Slice(16, 32).SequenceEqual(Convert.FromHexString(manifest.ToString())))
            throw new BlockCorruptException($"The boot trace of {manifest} is damaged.");
        var entries = new TraceEntry[(bytes.Length - HeaderSize) / EntrySize];
        for (var i = 0; i < entries.Length; i++)
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(HeaderSize + (i * EntrySize))..]);
            entries[i] = new TraceEntry((long)(word >> 16), (byte)(word >> 8), (byte)word);
        }

        return new BootTrace(manifest, BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]), entries);
    }

    private static ulong HashOf(ReadOnlySpan<byte> bytes) =>
        XxHash3.HashToUInt64(bytes[HeaderSize..], (long)XxHash3.HashToUInt64(bytes[..HashAt]));
}
