using Microsoft.Win32.SafeHandles;

namespace Kiln.Cli.Snapshots;

/// <summary>A raw disk image as a source of blocks: holes are skipped, the last block is padded with zeros.</summary>
public sealed class RawImage : IDiskBlocks, IDisposable
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockSize = 524_288;

    /// <summary>Bytes of a GiB.</summary>
    public const long GiB = 1L << 30;

    private readonly SafeFileHandle _file;

    /// <summary>Opens a file.</summary>
    /// <exception cref="CliException">It is not there, is empty, or cannot be read.</exception>
    public RawImage(string path)
    {
        if (!File.Exists(path))
        {
            throw new CliException(Directory.Exists(path)
                ? $"{path} is a folder: give a raw disk image." : $"There is no file {path}.", ExitCodes.Usage);
        }
        try
        {
            _file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            Length = RandomAccess.GetLength(_file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CliException($"{path} cannot be read: {failure.Message}", ExitCodes.Usage);
        }
        if (Length == 0)
            throw new CliException($"{path} is empty: give a raw disk image.", ExitCodes.Usage);
    }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>Indexes of the blocks that are not wholly in a hole, in ascending order.</summary>
    public IEnumerable<int> DataBlocks()
    {
        long at = 0;
        var last = -1;
        while (at < Length && Libc.NextData(_file, at, Length) is { } run)
        {
            for (var index = (int)Math.Max(run.Start / BlockSize, last + 1); (long)index * BlockSize < run.End; index++)
                yield return last = index;
            at = run.End;
        }
    }

    /// <summary>Reads a block.</summary>
    /// <returns>False when it is all zeros.</returns>
    public bool Read(int index, Span<byte> block)
    {
        var filled = 0;
        while (filled < block.Length)
        {
            var read = RandomAccess.Read(_file, block[filled..], ((long)index * BlockSize) + filled);
            if (read == 0)
                break;
            filled += read;
        }
        block[filled..].Clear();
        return block.ContainsAnyExcept((byte)0);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
