using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kiln.Blocks.Backends;

/// <summary>A file by system calls. Writes go past the page cache where the file system takes O_DIRECT.</summary>
internal sealed unsafe class FileBackendFile : IBackendFile
{
    // Without O_DIRECT, writeback starts this often, so that the sync at the end finds little left to do.
    private const long WritebackEvery = 16L << 20;

    private const int PageSize = 4096;

    private readonly string path;
    private readonly SafeFileHandle file;
    private readonly SafeFileHandle? direct;
    private readonly bool appends;
    private long unstarted;
    private int holes;

    /// <param name="path">Where it is, for messages.</param>
    /// <param name="file">The open file.</param>
    /// <param name="direct">The same opened past the page cache, where that works.</param>
    /// <param name="appends">True when it is filled once and then synced: writeback starts early. A guest's disk is
    /// written again and again, and the kernel knows better when.</param>
    internal FileBackendFile(string path, SafeFileHandle file, SafeFileHandle? direct, bool appends = false)
    {
        this.appends = appends;
        this.path = path;
        this.file = file;
        this.direct = direct;
    }

    public long Length => RandomAccess.GetLength(file);

    public int Read(long offset, Span<byte> destination) => ReadFrom(file, offset, destination);

    public Span<byte> ReadLarge(long offset, int length, Span<byte> scratch)
    {
        if (direct is null) return scratch[..Read(offset, scratch[..length])];
        var from = offset & -PageSize;
        var within = (int)(offset - from);
        var pages = (within + length + PageSize - 1) & -PageSize;
        try
        {
            var read = ReadFrom(direct, from, scratch[..pages]);
            return scratch.Slice(within, Math.Clamp(read - within, 0, length));
        }
        catch (IOException e) when (e.HResult == Libc.InvalidArgument)
        {
            // A file whose end is not a page's, or a file system with other wishes: the page cache takes any.
            return scratch[..Read(offset, scratch[..length])];
        }
    }

    private int ReadFrom(SafeFileHandle handle, long offset, Span<byte> destination)
    {
        var done = 0;
        fixed (byte* to = destination)
        {
            while (done < destination.Length)
            {
                var n = Libc.Read(handle, to + done, destination.Length - done, offset + done);
                if (n > 0)
                {
                    done += (int)n;
                    continue;
                }

                if (n == 0) break;
                if (Marshal.GetLastPInvokeError() != Libc.Interrupted) throw Libc.LastError($"Read of {path}");
            }
        }

        return done;
    }

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        fixed (byte* from = source)
        {
            var aligned = direct is not null && (((long)from | offset | (long)source.Length) & 4095) == 0;
            WriteAll(aligned ? direct! : file, from, source.Length, offset);
            if (aligned || !appends) return;
        }

        var before = Interlocked.Add(ref unstarted, source.Length);
        if (before < WritebackEvery) return;
        Interlocked.Exchange(ref unstarted, 0);

        StartSync(0, 0);
    }

    public void Sync()
    {
        if (Libc.SyncData(file) != 0) throw Libc.LastError($"Sync of {path}");
    }

    public void StartSync(long offset, long length)
    {
        // Only a hint: an error here will show in the sync that counts.
        _ = Libc.SyncRange(file, offset, length, Libc.StartWriteback);
    }

    public void SetLength(long length)
    {
        if (Libc.Truncate(file, length) != 0) throw Libc.LastError($"Resize of {path}");
    }

    public void PunchHole(long offset, long length) => Allocate(Libc.KeepSize | Libc.Punch, offset, length);

    public void Zero(long offset, long length) => Allocate(Libc.KeepSize | Libc.ZeroRange, offset, length);

    public bool HasHoles
    {
        get
        {
            // Asked once: a hole beyond the end changes nothing.
            if (holes == 0)
            {
                var works = Libc.Allocate(file, Libc.KeepSize | Libc.Punch, Length, PageSize) == 0;
                Volatile.Write(ref holes, works ? 1 : -1);
            }

            return holes > 0;
        }
    }

    public SafeFileHandle? HandleAt(long offset, int length, out long at)
    {
        at = offset;
        return file;
    }

    private void Allocate(int mode, long offset, long length)
    {
        if (length <= 0 || Libc.Allocate(file, mode, offset, length) == 0) return;
        var errno = Marshal.GetLastPInvokeError();
        if (errno is Libc.NoSpace or Libc.QuotaExceeded) throw Libc.Error($"Zeros in {path}", errno);

        // Not every file system has holes; zeros written are the same to a reader.
        var zeros = new byte[Math.Min(length, 1 << 20)];
        var end = Math.Min(offset + length, Length);
        for (var at = offset; at < end; at += zeros.Length)
            Write(at, zeros.AsSpan(0, (int)Math.Min(zeros.Length, end - at)));
    }

    public long Seek(long offset, bool data)
    {
        var found = Libc.Seek(file, offset, data ? Libc.SeekData : Libc.SeekHole);
        if (found >= 0) return found;
        return Marshal.GetLastPInvokeError() == Libc.NoSuchRange ? Math.Max(offset, Length) : offset;
    }

    public void Dispose()
    {
        direct?.Dispose();
        file.Dispose();
    }

    private void WriteAll(SafeFileHandle handle, byte* from, long length, long offset)
    {
        while (length > 0)
        {
            var n = Libc.Write(handle, from, (nint)length, offset);
            if (n < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno == Libc.Interrupted) continue;

                // A short direct write may leave an odd rest; the page cache takes any.
                if (errno == Libc.InvalidArgument && handle == direct)
                {
                    handle = file;
                    continue;
                }

                throw Libc.Error($"Write of {path}", errno);
            }

            from += n;
            length -= n;
            offset += n;
        }
    }
}
