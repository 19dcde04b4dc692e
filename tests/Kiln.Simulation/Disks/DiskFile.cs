using Kiln.Blocks.Backends;

namespace Kiln.Simulation.Disks;

/// <summary>An open file of a <see cref="ModelDisk"/>.</summary>
/// <param name="disk">The disk.</param>
/// <param name="file">Its number there.</param>
/// <param name="faults">What goes wrong.</param>
/// <param name="isChecked">True when its format finds wrong bytes, so that they may come.</param>
/// <param name="ofVolume">True for a file of a volume.</param>
internal sealed class DiskFile(ModelDisk disk, int file, Faults faults, bool isChecked, bool ofVolume) : IBackendFile
{
    /// <summary>What it was called when it was opened.</summary>
    internal required string Name { get; init; }

    /// <summary>True for the note about a sync that failed.</summary>
    internal bool IsDoubt { get; init; }

    public long Length => disk.LengthOf(file);

    public int Read(long offset, Span<byte> destination)
    {
        var read = disk.Read(file, offset, destination);
        if (isChecked) return faults.Read(destination[..read]);
        faults.Call();
        return read;
    }

    public Span<byte> ReadLarge(long offset, int length, Span<byte> scratch) =>
        scratch[..Read(offset, scratch[..length])];

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        try
        {
            faults.Write();
            disk.Do(new DiskOp.Write(file, offset, source.ToArray()));
        }
        catch (IOException) when (IsDoubt)
        {
            faults.DoubtLost = true;
            throw;
        }
    }

    public void Sync()
    {
        if (faults.HitsSync || (faults.RefusesSyncsOf is { } kind && Name.EndsWith(kind, StringComparison.Ordinal)))
        {
            if (ofVolume) faults.VolumeSyncFailed = true;
            else faults.StoreSyncFailed = true;
            disk.Do(new DiskOp.Sync(file, Fails: true, faults.Evicts));
            throw new IOException("The disk could not write.");
        }

        disk.Do(new DiskOp.Sync(file));
    }

    public void SetLength(long length)
    {
        faults.Write();
        disk.Do(new DiskOp.Resize(file, length));
    }

    public void PunchHole(long offset, long length)
    {
        faults.Call();
        if (length > 0) disk.Do(new DiskOp.Punch(file, offset, length));
    }

    public long Seek(long offset, bool data) => disk.Seek(file, offset, data);

    public void Dispose()
    {
        // The file stays; whoever opens it next gets another of these.
    }
}
