using Kiln.Blocks.Backends;
using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Devices;

/// <summary>A layer's data file whose bytes are AES-256-XTS: unit <i>n</i> is the 512 bytes at 512 <i>n</i>.</summary>
/// <remarks>
/// A hole reads as zeros, as in a clear file: 512 kept bytes that are all zero are a hole, for no key makes that of
/// any content but with a chance of 2^-4096. So trims stay holes, at the price of showing where they are. Offsets and
/// lengths are multiples of 512. Owns the file and the cipher.
/// </remarks>
internal sealed class EncryptedFile(IBackendFile file, XtsCipher cipher) : IBackendFile
{
    /// <inheritdoc/>
    public long Length => file.Length;

    /// <inheritdoc/>
    public int Read(long offset, Span<byte> destination)
    {
        Check(offset, destination.Length);
        var scratch = XtsScratch.Mine;
        var done = 0;
        while (done < destination.Length)
        {
            var part = destination.Slice(done, Math.Min(destination.Length - done, XtsScratch.BatchSize));
            var kept = scratch.Data.AsSpan(0, part.Length);
            var read = file.Read(offset + done, kept);
            kept[read..].Clear();
            Open((ulong)(offset + done) / XtsCipher.UnitSize, scratch, part);
            done += read;
            if (read < part.Length) break;
        }

        return done;
    }

    /// <inheritdoc/>
    public Span<byte> ReadLarge(long offset, int length, Span<byte> scratch)
    {
        var wanted = scratch[..length];
        return wanted[..Read(offset, wanted)];
    }

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        Check(offset, source.Length);
        var scratch = XtsScratch.Mine;
        while (source.Length > 0)
        {
            var part = source[..Math.Min(source.Length, XtsScratch.BatchSize)];
            cipher.Encrypt((ulong)offset / XtsCipher.UnitSize, part, scratch);
            file.Write(offset, scratch.Data.AsSpan(0, part.Length));
            source = source[part.Length..];
            offset += part.Length;
        }
    }

    /// <inheritdoc/>
    public void Sync() => file.Sync();

    /// <inheritdoc/>
    public void StartSync(long offset, long length) => file.StartSync(offset, length);

    /// <inheritdoc/>
    public void SetLength(long length) => file.SetLength(length);

    /// <inheritdoc/>
    public void PunchHole(long offset, long length)
    {
        Check(offset, length);
        file.PunchHole(offset, length);
    }

    /// <inheritdoc/>
    public void Zero(long offset, long length)
    {
        Check(offset, length);
        file.Zero(offset, length);
    }

    /// <inheritdoc/>
    public bool HasHoles => file.HasHoles;

    /// <inheritdoc/>
    public long Seek(long offset, bool data) => file.Seek(offset, data);

    /// <inheritdoc/>
    public void Dispose()
    {
        file.Dispose();
        cipher.Dispose();
    }

    private void Open(ulong unit, XtsScratch scratch, Span<byte> part)
    {
        // A batch has 128 units. They are looked at before, because decryption uses the bytes up.
        UInt128 holes = 0;
        var units = part.Length / XtsCipher.UnitSize;
        for (var i = 0; i < units; i++)
        {
            if (Block.IsZero(scratch.Data.AsSpan(i * XtsCipher.UnitSize, XtsCipher.UnitSize)))
                holes |= UInt128.One << i;
        }

        if (UInt128.PopCount(holes) == (UInt128)units)
        {
            part.Clear();
            return;
        }

        cipher.Decrypt(unit, scratch, part);
        for (; holes != 0; holes &= holes - 1)
            part.Slice((int)UInt128.TrailingZeroCount(holes) * XtsCipher.UnitSize, XtsCipher.UnitSize).Clear();
    }

    private static void Check(long offset, long length)
    {
        if (((offset | length) & (XtsCipher.UnitSize - 1)) != 0)
            throw new ArgumentOutOfRangeException(nameof(offset), "Whole units of 512 bytes.");
    }
}
