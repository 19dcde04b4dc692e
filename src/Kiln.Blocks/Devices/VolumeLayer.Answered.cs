using System.Buffers.Binary;
using System.Globalization;
using Kiln.Blocks.Backends;

namespace Kiln.Blocks.Devices;

// What a process leaves to the next of writes that it has answered and no flush covers: whoever wrote lives on, as a
// machine does, and counts on them from its next flush. Format: docs/formats/volume.md.
internal sealed partial class VolumeLayer
{
    internal const string AnsweredPrefix = "answered-";
    internal const int AnsweredEntrySize = 16;

    private readonly Lock answeredGate = new();
    private IBackendFile? answered;

    private static string AnsweredKind(ulong boot) =>
        string.Create(CultureInfo.InvariantCulture, $"{AnsweredPrefix}{boot:x16}");

    // Before the bits are set, so that a write which finds them set finds them here too. The caller holds the block's
    // lock, so no entry goes back to what it was.
    private void NoteAnswered(long block, UInt128 sectors)
    {
        if (Map.Has(block, sectors)) return;
        Span<byte> entry = stackalloc byte[AnsweredEntrySize];
        BinaryPrimitives.WriteUInt128LittleEndian(entry, Map.Bits(block) | sectors);
        Answered().Write(block * AnsweredEntrySize, entry);
    }

    private IBackendFile Answered()
    {
        if (Volatile.Read(ref answered) is { } file) return file;
        lock (answeredGate)
        {
            if (answered is null)
                Volatile.Write(ref answered, backend.Create(NameOf(Number, AnsweredKind(backend.Boot)), direct: false));
            return answered;
        }
    }

    // Whose data is in doubt is not held on a process's word: what lies below answers, as after the revert that it did
    // not come to.
    private void ReadAnswered()
    {
        var name = NameOf(Number, AnsweredKind(backend.Boot));
        DeleteOfOtherBoots(AnsweredPrefix, name);
        if (!backend.Exists(name)) return;
        answered = backend.Open(name);
        if (IsBroken)
        {
            ForgetAnswered();
            return;
        }

        var buffer = new byte[64 << 10];
        var length = answered.Length & -AnsweredEntrySize;
        for (var at = 0L; (at = answered.Seek(at, data: true) & -AnsweredEntrySize) < length;)
        {
            var read = answered.Read(at, buffer);
            for (var i = 0; i + AnsweredEntrySize <= read; i += AnsweredEntrySize)
            {
                var block = (at + i) / AnsweredEntrySize;
                var bits = BinaryPrimitives.ReadUInt128LittleEndian(buffer.AsSpan(i));
                if ((bits & ~Map.Bits(block)) != 0) Map.Load(block, bits, durable: false);
            }

            at += buffer.Length;
        }
    }

    // Entries are of bits that were set since; without those they would say too much.
    private void ForgetAnswered()
    {
        try
        {
            answered?.SetLength(0);
        }
        catch (IOException)
        {
            // The doubt that is noted keeps the next process from believing it.
        }
    }
}
