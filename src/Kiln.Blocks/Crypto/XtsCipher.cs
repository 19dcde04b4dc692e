using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace Kiln.Blocks.Crypto;

/// <summary>AES-256-XTS over 512-byte data units: IEEE 1619, NIST SP 800-38E.</summary>
/// <remarks>
/// The runtime has no XTS, so it is made of AES-ECB: the tweaks of a whole batch of units lie in memory, and one call
/// runs through all of its blocks. A unit is 512 bytes, the alignment of I/O, so that no write must read first; there
/// is no ciphertext stealing because units are whole. It hides content and does not prove it: see
/// docs/threat-model.md. Thread-safe; each thread brings its <see cref="XtsScratch"/>.
/// </remarks>
internal sealed class XtsCipher : IDisposable
{
    /// <summary>Bytes of a data unit.</summary>
    internal const int UnitSize = 512;

    /// <summary>Bytes of the key: one for data, one for tweaks.</summary>
    internal const int KeySize = 64;

    /// <summary>Bytes of an AES block.</summary>
    internal const int BlockSize = 16;

    private const int UnitBlocks = UnitSize / BlockSize;

    // The polynomial x^128 + x^7 + x^2 + x + 1 of IEEE 1619, section 5.2.
    private const ulong Polynomial = 0x87;

    // More than the threads that usually meet in one layer; beyond it a lane is made and thrown away.
    private const int KeptLanes = 16;

    private readonly byte[] key;
    private readonly Lane?[] lanes = new Lane?[KeptLanes];
    private volatile bool disposed;

    /// <summary>Takes a key of 64 bytes: that of the data, then that of the tweaks.</summary>
    internal XtsCipher(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeySize) throw new ArgumentException("An XTS-AES-256 key has 64 bytes.", nameof(key));

        // XTS loses its proof when both are one key (FIPS 140-2 implementation guidance A.9).
        if (CryptographicOperations.FixedTimeEquals(key[..(KeySize / 2)], key[(KeySize / 2)..]))
            throw new ArgumentException("The two halves of an XTS key differ.", nameof(key));
        this.key = key.ToArray();
    }

    /// <summary>Encrypts whole units, at most a batch, into the scratch's data.</summary>
    /// <param name="unit">Number of the first unit, the tweak.</param>
    /// <param name="plain">The bytes.</param>
    /// <param name="scratch">The thread's memory.</param>
    internal void Encrypt(ulong unit, ReadOnlySpan<byte> plain, XtsScratch scratch)
    {
        var lane = Rent();
        try
        {
            FillTweaks(lane, unit, plain.Length, scratch);
            var tweaks = scratch.Tweaks.AsSpan(0, plain.Length);
            Xor(plain, tweaks, scratch.Data);
            lane.Encrypt.TransformBlock(scratch.Data, 0, plain.Length, scratch.Data, 0);
            Xor(scratch.Data.AsSpan(0, plain.Length), tweaks, scratch.Data);
        }
        finally
        {
            Return(lane);
        }
    }

    /// <summary>Decrypts as many of the scratch's data as the destination holds: whole units, at most a
    /// batch.</summary>
    /// <param name="unit">Number of the first unit, the tweak.</param>
    /// <param name="scratch">The thread's memory; its data is used up.</param>
    /// <param name="plain">Takes the bytes.</param>
    internal void Decrypt(ulong unit, XtsScratch scratch, Span<byte> plain)
    {
        var lane = Rent();
        try
        {
            FillTweaks(lane, unit, plain.Length, scratch);
            var tweaks = scratch.Tweaks.AsSpan(0, plain.Length);
            Xor(scratch.Data.AsSpan(0, plain.Length), tweaks, scratch.Data);
            lane.Decrypt.TransformBlock(scratch.Data, 0, plain.Length, scratch.Data, 0);
            Xor(scratch.Data.AsSpan(0, plain.Length), tweaks, plain);
        }
        finally
        {
            Return(lane);
        }
    }

    /// <summary>Forgets the key.</summary>
    public void Dispose()
    {
        disposed = true;
        CryptographicOperations.ZeroMemory(key);
        for (var i = 0; i < lanes.Length; i++) Interlocked.Exchange(ref lanes[i], null)?.Dispose();
    }

    // The first tweak of a unit is its number under the second key; each further one is the last times x in GF(2^128).
    private static void FillTweaks(Lane lane, ulong unit, int length, XtsScratch scratch)
    {
        if (length % UnitSize != 0 || length > XtsScratch.BatchSize)
            throw new ArgumentOutOfRangeException(nameof(length), "Whole units, at most a batch.");
        var units = length / UnitSize;
        var seeds = scratch.Seeds.AsSpan(0, units * BlockSize);
        seeds.Clear();
        for (var i = 0; i < units; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(seeds[(i * BlockSize)..], unit + (ulong)i);
        lane.Tweak.TransformBlock(scratch.Seeds, 0, seeds.Length, scratch.Seeds, 0);
        var blocks = MemoryMarshal.Cast<byte, Vector128<ulong>>(seeds);
        var tweaks = MemoryMarshal.Cast<byte, Vector128<ulong>>(scratch.Tweaks.AsSpan(0, length));
        for (; blocks.Length >= 4; blocks = blocks[4..], tweaks = tweaks[(4 * UnitBlocks)..])
            FillFour(blocks, tweaks);
        for (; blocks.Length > 0; blocks = blocks[1..], tweaks = tweaks[UnitBlocks..]) FillOne(blocks[0], tweaks);
    }

    private static void FillOne(Vector128<ulong> tweak, Span<Vector128<ulong>> tweaks)
    {
        for (var at = 0; at < UnitBlocks; at++)
        {
            tweaks[at] = tweak;
            tweak = TimesX(tweak);
        }
    }

    // The tweaks of one unit wait for each other; those of four units do not.
    private static void FillFour(ReadOnlySpan<Vector128<ulong>> seeds, Span<Vector128<ulong>> tweaks)
    {
        var (a, b, c, d) = (seeds[0], seeds[1], seeds[2], seeds[3]);
        for (var at = 0; at < UnitBlocks; at++)
        {
            tweaks[at] = a;
            tweaks[at + UnitBlocks] = b;
            tweaks[at + (2 * UnitBlocks)] = c;
            tweaks[at + (3 * UnitBlocks)] = d;
            (a, b, c, d) = (TimesX(a), TimesX(b), TimesX(c), TimesX(d));
        }
    }

    // Both halves are doubled; the bit that leaves the low one enters the high one, and what leaves that one comes
    // back as the polynomial. The lanes are little-endian, as is every processor that .NET runs Kiln on.
    private static Vector128<ulong> TimesX(Vector128<ulong> tweak)
    {
        var leaving = Vector128.Shuffle(tweak.AsInt32(), Vector128.Create(3, 3, 1, 1)) >> 31;
        return (tweak + tweak) ^ (leaving.AsUInt64() & Vector128.Create(Polynomial, 1UL));
    }

    // Lengths are multiples of a unit, and so of every vector's.
    private static void Xor(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> result)
    {
        var lefts = MemoryMarshal.Cast<byte, Vector<byte>>(left);
        var rights = MemoryMarshal.Cast<byte, Vector<byte>>(right)[..lefts.Length];
        var results = MemoryMarshal.Cast<byte, Vector<byte>>(result)[..lefts.Length];
        for (var i = 0; i < lefts.Length; i++) results[i] = lefts[i] ^ rights[i];
    }

    private Lane Rent()
    {
        for (var i = 0; i < lanes.Length; i++)
        {
            if (lanes[i] is not null && Interlocked.Exchange(ref lanes[i], null) is { } kept) return kept;
        }

        // After disposal the key is zeros: sealing under it would be worse than failing.
        ObjectDisposedException.ThrowIf(disposed, this);
        return new Lane(key);
    }

    private void Return(Lane lane)
    {
        for (var i = 0; i < lanes.Length && !disposed; i++)
        {
            if (lanes[i] is null && Interlocked.CompareExchange(ref lanes[i], lane, null) is null) return;
        }

        lane.Dispose();
    }

    /// <summary>Ciphers for one thread at a time: their key schedules are made once, where the one-shot calls make
    /// them each time.</summary>
    private sealed class Lane : IDisposable
    {
        internal Lane(byte[] key)
        {
            using var data = Ecb(key.AsSpan(0, KeySize / 2));
            using var tweak = Ecb(key.AsSpan(KeySize / 2));
            Encrypt = data.CreateEncryptor();
            Decrypt = data.CreateDecryptor();
            Tweak = tweak.CreateEncryptor();
        }

        internal ICryptoTransform Encrypt { get; }

        internal ICryptoTransform Decrypt { get; }

        internal ICryptoTransform Tweak { get; }

        public void Dispose()
        {
            Encrypt.Dispose();
            Decrypt.Dispose();
            Tweak.Dispose();
        }

        private static Aes Ecb(ReadOnlySpan<byte> key)
        {
            var aes = Aes.Create();
            aes.Mode = CipherMode.ECB;
            aes.Padding = PaddingMode.None;
            aes.SetKey(key);
            return aes;
        }
    }
}
