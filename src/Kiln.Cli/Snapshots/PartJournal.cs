using System.Buffers.Binary;
using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace Kiln.Cli.Snapshots;

/// <summary>Which blocks of an unfinished download are in its file, with their digests. Thread-safe.</summary>
/// <remarks>
/// Entries of 36 bytes: index (little-endian), SHA-256. Nothing is believed: a later run compares each digest with
/// what is in the file, so an entry that got to disk before its block, or half an entry, costs a block and no more.
/// </remarks>
internal sealed class PartJournal : IDisposable
{
    private const int EntrySize = 36;
    private readonly SafeFileHandle _file;
    private readonly ConcurrentDictionary<int, byte[]> _digests = new();
    private readonly Lock _gate = new();
    private long _end;

    private PartJournal(SafeFileHandle file)
    {
        _file = file;
        var entry = new byte[EntrySize];
        while (RandomAccess.Read(file, entry, _end) == EntrySize)
        {
            _digests[BinaryPrimitives.ReadInt32LittleEndian(entry)] = entry[4..];
            _end += EntrySize;
        }
    }

    /// <summary>Opens or makes one.</summary>
    public static PartJournal Open(string path) =>
        new(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));

    /// <summary>The digest that a block is said to have, or null.</summary>
    public byte[]? Digest(int index) => _digests.GetValueOrDefault(index);

    /// <summary>Whether an earlier run wrote something there, which zeros have to replace.</summary>
    public bool WasWritten(int index) => _digests.ContainsKey(index);

    /// <summary>Notes that a block is in the file.</summary>
    public void Add(int index, ReadOnlySpan<byte> digest)
    {
        Span<byte> entry = stackalloc byte[EntrySize];
        BinaryPrimitives.WriteInt32LittleEndian(entry, index);
        digest.CopyTo(entry[4..]);
        lock (_gate)
        {
            RandomAccess.Write(_file, entry, _end);
            _end += EntrySize;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
