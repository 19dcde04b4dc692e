namespace Kiln.Disks;

/// <summary>A disk as it is.</summary>
internal sealed class RawReader(DiskSource source, string format = "raw") : DiskReader(source, format, source.Length)
{
    /// <inheritdoc/>
    protected override int UnitBytes => 64 * 1024;

    /// <inheritdoc/>
    protected override bool ReadUnit(long unit, int at, Span<byte> bytes)
    {
        Source.Read((unit * UnitBytes) + at, bytes);
        return true;
    }

    /// <inheritdoc/>
    protected override long StoredBytes(long unit) => UnitBytes;
}
