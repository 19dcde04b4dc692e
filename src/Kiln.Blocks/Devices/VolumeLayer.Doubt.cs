using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;

namespace Kiln.Blocks.Devices;

// What a process leaves to the next about a sync that failed. Format: docs/formats/volume.md.
internal sealed partial class VolumeLayer
{
    internal const string DoubtPrefix = "doubt-";
    private const int DoubtHeaderSize = 32;
    private const ulong DoubtMagic = 0x3154_4456_4E4C_494B; // "KILNVDT1"

    // Until the layer is mended, whatever became of the syncs in between: bits that a revert has taken come back from
    // the log where the process dies, and what the disk has lost of them is to be written again.
    private readonly SortedSet<long> doubtful = [];

    private bool doubtIsNoted;

    // The boot is in the name: what a loss of power has left of it in the file says nothing.
    private static string DoubtKind(ulong boot) =>
        string.Create(CultureInfo.InvariantCulture, $"{DoubtPrefix}{boot:x16}");

    // Not synced: with the page cache that it speaks of, it goes when the machine stops, and is of no use any longer.
    // It may fail as the rest of the disk does; then only this process knows.
    private void NoteDoubt()
    {
        doubtful.UnionWith(Unsynced());
        var bytes = new byte[DoubtHeaderSize + (doubtful.Count * sizeof(long))];
        foreach (var (i, block) in doubtful.Index())
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(DoubtHeaderSize + (i * sizeof(long))), block);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, DoubtMagic);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), doubtful.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), DoubtHash(bytes));
        var name = NameOf(Number, DoubtKind(backend.Boot));
        doubtIsNoted = true;
        try
        {
            backend.Delete(name + ".tmp");
            using (var file = backend.Create(name + ".tmp", direct: false)) file.Write(0, bytes);
            backend.Rename(name + ".tmp", name);
        }
        catch (IOException)
        {
            // An earlier one is better than none.
        }
    }

    // Of what an earlier process wrote over, nobody knows which.
    private IEnumerable<long> Unsynced() => inherits ? Map.Blocks() : Map.WrittenSince(durableGeneration);

    private void ForgetDoubt()
    {
        if (!doubtIsNoted) return;
        backend.Delete(NameOf(Number, DoubtKind(backend.Boot)));
        doubtIsNoted = false;
        doubtful.Clear();
    }

    // The kernel will not tell of that failure again: until the layer is mended every flush fails here too.
    private void ReadDoubt()
    {
        var name = NameOf(Number, DoubtKind(backend.Boot));

        // What the machine shows since it was started is what is on the disk.
        DeleteOfOtherBoots(DoubtPrefix, name);
        if (!backend.Exists(name)) return;
        byte[] bytes;
        using (var file = backend.Open(name))
        {
            bytes = new byte[file.Length];
            bytes = bytes[..file.Read(0, bytes)];
        }

        doubtful.UnionWith(IsDoubt(bytes) ? DoubtfulBlocks(bytes) : Map.Blocks());
        doubtIsNoted = true;
        broken = new IOException("in an earlier process");

        // As in the process that noted it: where the kernel has dropped what was new, the file shows anything.
        Map.Revert();
    }

    private void DeleteOfOtherBoots(string prefix, string own)
    {
        foreach (var other in backend.List(""))
        {
            if (other != own && other.StartsWith(NameOf(Number, prefix), StringComparison.Ordinal))
                backend.Delete(other);
        }
    }

    private IEnumerable<long> DoubtfulBlocks(byte[] bytes)
    {
        for (var at = DoubtHeaderSize; at < bytes.Length; at += sizeof(long))
        {
            var block = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
            if ((ulong)block < (ulong)Map.LeafCount * LayerMap.BlocksPerLeaf) yield return block;
        }
    }

    private static bool IsDoubt(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= DoubtHeaderSize && BinaryPrimitives.ReadUInt64LittleEndian(bytes) == DoubtMagic
        && BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]) == (bytes.Length - DoubtHeaderSize) / sizeof(long)
        && bytes.Length % sizeof(long) == 0
        && BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]) == DoubtHash(bytes);

    private static ulong DoubtHash(ReadOnlySpan<byte> bytes) =>
        XxHash3.HashToUInt64(bytes[DoubtHeaderSize..], (long)XxHash3.HashToUInt64(bytes[..24]));
}
