using System.Globalization;
using Kiln.Blocks.Backends;
using Microsoft.Win32.SafeHandles;

namespace Kiln.Blocks.Devices;

/// <summary>One long sparse file kept in parts, for file systems whose files end before the largest volume
/// does.</summary>
/// <remarks>ext4's files end 4 KiB short of 16 TiB, EBS's volumes at 64 TiB. Blocks never straddle two parts.</remarks>
internal sealed class SplitFile : IBackendFile
{
    /// <summary>Bytes of a part: a multiple of the block size, well below what any file system takes.</summary>
    internal const long PartBytes = 8L << 40;

    private readonly IBackend backend;
    private readonly string name;
    private readonly Lock growing = new();
    private IBackendFile[] parts;

    private SplitFile(IBackend backend, string name, IBackendFile[] parts)
    {
        this.backend = backend;
        this.name = name;
        this.parts = parts;
    }

    internal static SplitFile Create(IBackend backend, string name)
    {
        Delete(backend, name);
        return new SplitFile(backend, name, [backend.Create(name, direct: false)]);
    }

    internal static SplitFile Open(IBackend backend, string name)
    {
        var parts = new List<IBackendFile> { backend.Open(name) };
        while (backend.Exists(PartOf(name, parts.Count))) parts.Add(backend.Open(PartOf(name, parts.Count)));
        return new SplitFile(backend, name, [.. parts]);
    }

    internal static void Delete(IBackend backend, string name)
    {
        // The first goes last: what has no first part is no file.
        var count = 1;
        while (backend.Exists(PartOf(name, count))) count++;
        for (var number = count - 1; number >= 0; number--) backend.Delete(PartOf(name, number));
    }

    public long Length
    {
        get
        {
            var all = Volatile.Read(ref parts);
            return ((all.Length - 1) * PartBytes) + all[^1].Length;
        }
    }

    public int Read(long offset, Span<byte> destination)
    {
        var all = Volatile.Read(ref parts);
        var done = 0;
        while (done < destination.Length)
        {
            var number = (int)((offset + done) / PartBytes);
            if (number >= all.Length) break;
            var within = (offset + done) % PartBytes;
            var wanted = (int)Math.Min(destination.Length - done, PartBytes - within);
            var read = all[number].Read(within, destination.Slice(done, wanted));
            done += read;
            if (read < wanted) break;
        }

        return done;
    }

    /// <summary>As <see cref="Read"/>: a guest reads its sectors again, so they are worth the page cache.</summary>
    public Span<byte> ReadLarge(long offset, int length, Span<byte> scratch)
    {
        var wanted = scratch[..length];
        return wanted[..Read(offset, wanted)];
    }

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        var all = Volatile.Read(ref parts);
        while (source.Length > 0)
        {
            var within = offset % PartBytes;
            var piece = source[..(int)Math.Min(source.Length, PartBytes - within)];
            all[(int)(offset / PartBytes)].Write(within, piece);
            source = source[piece.Length..];
            offset += piece.Length;
        }
    }

    public void StartSync(long offset, long length)
    {
        foreach (var (part, within, piece) in Pieces(offset, length)) part.StartSync(within, piece);
    }

    public void Sync()
    {
        foreach (var part in Volatile.Read(ref parts)) part.Sync();
    }

    /// <summary>Extends; volumes never shrink.</summary>
    public void SetLength(long length)
    {
        lock (growing)
        {
            var all = parts.ToList();
            var count = Math.Max(1, (int)((length + PartBytes - 1) / PartBytes));
            while (all.Count < count) all.Add(backend.Create(PartOf(name, all.Count), direct: false));
            for (var number = 0; number < count; number++)
            {
                var wanted = Math.Min(PartBytes, length - (number * PartBytes));
                if (all[number].Length < wanted) all[number].SetLength(wanted);
            }

            Volatile.Write(ref parts, [.. all]);
        }
    }

    public void PunchHole(long offset, long length)
    {
        foreach (var (part, within, piece) in Pieces(offset, length)) part.PunchHole(within, piece);
    }

    public void Zero(long offset, long length)
    {
        foreach (var (part, within, piece) in Pieces(offset, length)) part.Zero(within, piece);
    }

    public bool HasHoles => Volatile.Read(ref parts)[0].HasHoles;

    public SafeFileHandle? HandleAt(long offset, int length, out long at)
    {
        var within = offset % PartBytes;
        at = 0;
        return within + length > PartBytes
            ? null : Volatile.Read(ref parts)[(int)(offset / PartBytes)].HandleAt(within, length, out at);
    }

    public long Seek(long offset, bool data)
    {
        var all = Volatile.Read(ref parts);
        for (var number = (int)(offset / PartBytes); number < all.Length; number++)
        {
            var start = number * PartBytes;
            var found = all[number].Seek(Math.Max(0, offset - start), data);
            // A part's end is no answer while another part follows it.
            if (found < all[number].Length || number == all.Length - 1) return start + found;
        }

        return Math.Max(offset, Length);
    }

    public void Dispose()
    {
        foreach (var part in parts) part.Dispose();
    }

    private IEnumerable<(IBackendFile Part, long Within, long Length)> Pieces(long offset, long length)
    {
        var all = Volatile.Read(ref parts);
        while (length > 0)
        {
            var within = offset % PartBytes;
            var piece = Math.Min(length, PartBytes - within);
            yield return (all[(int)(offset / PartBytes)], within, piece);
            offset += piece;
            length -= piece;
        }
    }

    private static string PartOf(string name, int number) =>
        number == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}.{number}");
}
