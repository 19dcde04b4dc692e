namespace Kiln.Blocks.Backends;

/// <summary>One file of a <see cref="MemoryBackend"/>: its bytes, and the writes since its last sync.</summary>
internal sealed class MemoryFile(MemoryBackend disk) : IBackendFile
{
    private const int Sector = 512;

    private readonly Lock gate = new();
    private readonly List<(long Offset, byte[]? Bytes, long Length)> unsynced = [];
    private byte[] content = [];
    private byte[] durable = [];
    private long length;

    public long Length
    {
        get
        {
            lock (gate) return length;
        }
    }

    public int Read(long offset, Span<byte> destination)
    {
        lock (gate)
        {
            var count = (int)Math.Clamp(length - offset, 0, destination.Length);
            if (count > 0) content.AsSpan((int)offset, count).CopyTo(destination);
            return count;
        }
    }

    public Span<byte> ReadLarge(long offset, int length, Span<byte> scratch) =>
        scratch[..Read(offset, scratch[..length])];

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        disk.Use(source.Length);
        lock (gate)
        {
            unsynced.Add((offset, source.ToArray(), 0));
            Apply(ref content, ref length, offset, source);
        }
    }

    public void Sync()
    {
        if (disk.SyncsFail) throw new IOException("The disk in memory failed.");
        lock (gate)
        {
            durable = content.AsSpan(0, (int)length).ToArray();
            unsynced.Clear();
        }
    }

    public void SetLength(long newLength)
    {
        lock (gate)
        {
            unsynced.Add((0, null, newLength));
            Resize(ref content, ref length, newLength);
        }
    }

    public void PunchHole(long offset, long count)
    {
        lock (gate)
        {
            count = Math.Min(count, length - offset);
            if (count <= 0) return;
            var zeros = new byte[count];
            unsynced.Add((offset, zeros, 0));
            Apply(ref content, ref length, offset, zeros);
        }
    }

    public long Seek(long offset, bool data) => data ? offset : Length;

    public void Dispose()
    {
        // Stays for the next who opens it.
    }

    internal MemoryFile Copy(MemoryBackend onto)
    {
        lock (gate) return new MemoryFile(onto) { content = [.. content], durable = [.. content], length = length };
    }

    internal MemoryFile AfterCrash(MemoryBackend onto, Random random)
    {
        lock (gate)
        {
            byte[] left = [.. durable];
            long leftLength = left.Length;
            foreach (var (offset, bytes, newLength) in unsynced)
            {
                var fate = random.Next(3);
                if (fate == 0) continue;
                if (bytes is null)
                {
                    Resize(ref left, ref leftLength, newLength);
                    continue;
                }

                var sectors = (bytes.Length + Sector - 1) / Sector;
                var kept = fate == 1 ? bytes.Length : Math.Min(bytes.Length, random.Next(sectors + 1) * Sector);
                Apply(ref left, ref leftLength, offset, bytes.AsSpan(0, kept));
            }

            return new MemoryFile(onto)
            {
                content = left, durable = left.AsSpan(0, (int)leftLength).ToArray(), length = leftLength,
            };
        }
    }

    private static void Apply(ref byte[] bytes, ref long length, long offset, ReadOnlySpan<byte> source)
    {
        if (offset + source.Length > length) Resize(ref bytes, ref length, offset + source.Length);
        source.CopyTo(bytes.AsSpan((int)offset));
    }

    private static void Resize(ref byte[] bytes, ref long length, long newLength)
    {
        if (newLength < length) bytes.AsSpan((int)newLength, (int)(length - newLength)).Clear();
        if (newLength > bytes.Length) Array.Resize(ref bytes, (int)Math.Max(newLength, bytes.Length * 2L));
        length = newLength;
    }
}
