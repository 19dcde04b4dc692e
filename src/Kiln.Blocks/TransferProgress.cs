namespace Kiln.Blocks;

/// <summary>How far a bulk transfer is.</summary>
/// <param name="BytesDone">Plain bytes dealt with: read, sent, or found to be there.</param>
/// <param name="BytesTotal">Plain bytes to deal with.</param>
/// <param name="BytesMoved">Bytes that travelled for it, as stored.</param>
public readonly record struct TransferProgress(long BytesDone, long BytesTotal, long BytesMoved = 0)
{
    /// <summary>Whole percent, rounded down; 100 only when all is done.</summary>
    public int Percent => BytesTotal <= 0 ? 100 : (int)(BytesDone * 100 / BytesTotal);
}
