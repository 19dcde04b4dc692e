using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Kills;

/// <summary>A volume under load, and what its sectors may hold: what was flushed, and what was written since.</summary>
public sealed class StormVolume(string id, int seed)
{
    private const int SectorBytes = 4096;
    private const int SectorsPerBlock = World.BlockBytes / SectorBytes;

    // Where it is written: the ends and the middle of the disk, few enough to be read back each time.
    private static readonly int[] Blocks = [0, 1, 5, 2047];

    private readonly Random _random = new(seed);
    private readonly ulong[] _now = new ulong[Blocks.Length * SectorsPerBlock];
    private readonly Dictionary<int, HashSet<ulong>> _maybe = [];
    private ulong[] _flushed = new ulong[Blocks.Length * SectorsPerBlock];
    private ulong _lastStamp;

    /// <summary>Its id.</summary>
    public string Id => id;

    /// <summary>Held by whoever writes, and by whoever takes an instant.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>Acknowledged writes and flushes.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>Writes and flushes over two connections until the server dies.</summary>
    public async Task Load(string socket)
    {
        try
        {
            using var first = new NbdConnection(socket, id);
            using var second = new NbdConnection(socket, id);
            while (true)
            {
                await Gate.WaitAsync();
                try
                {
                    await Task.Run(() => One(_random.Next(2) == 0 ? first : second));
                }
                finally
                {
                    Gate.Release();
                }
                Acknowledged++;
            }
        }
        catch (IOException)
        {
            // Killed.
        }
    }

    /// <summary>Reads everything back: each sector is what a flush promised or what was written after it.</summary>
    public void Verify(string socket)
    {
        using var connection = new NbdConnection(socket, id);
        for (var i = 0; i < Blocks.Length; i++)
        {
            var bytes = connection.Read((long)Blocks[i] * World.BlockBytes, World.BlockBytes);
            for (var at = 0; at < SectorsPerBlock; at++)
            {
                var sector = (i * SectorsPerBlock) + at;
                var words = MemoryMarshal.Cast<byte, ulong>(bytes.AsSpan(at * SectorBytes, SectorBytes));
                Assert.True(words.IndexOfAnyExcept(words[0]) < 0, $"{id} sector {sector} is torn");
                Assert.True(
                    words[0] == _flushed[sector]
                    || (_maybe.TryGetValue(sector, out var maybe) && maybe.Contains(words[0])),
                    $"{id} sector {sector} shows {words[0]:x}, flushed was {_flushed[sector]:x}");
                _now[sector] = words[0];
            }
        }
        connection.Flush();
        Flushed();
    }

    /// <summary>What <see cref="World.Digest"/> must answer for a snapshot of this instant.</summary>
    public string Digest()
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < Blocks.Length; i++)
        {
            var block = new byte[World.BlockBytes];
            for (var at = 0; at < SectorsPerBlock; at++)
                Fill(block.AsSpan(at * SectorBytes, SectorBytes), _now[(i * SectorsPerBlock) + at]);
            if (!block.AsSpan().ContainsAnyExcept((byte)0))
                continue;
            digest.AppendData(BitConverter.GetBytes(Blocks[i]));
            digest.AppendData(block);
        }
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    private void One(NbdConnection connection)
    {
        if (_random.Next(6) == 0)
        {
            connection.Flush();
            Flushed();
            return;
        }
        var sector = _random.Next(_now.Length);
        // The place is in the stamp, so that a sector from elsewhere is known.
        var stamp = (++_lastStamp << 16) | (uint)sector;
        if (!_maybe.TryGetValue(sector, out var maybe))
            _maybe[sector] = maybe = [];
        maybe.Add(stamp);
        var bytes = new byte[SectorBytes];
        Fill(bytes, stamp);
        var block = Blocks[sector / SectorsPerBlock];
        connection.Write(((long)block * World.BlockBytes) + (sector % SectorsPerBlock * SectorBytes), bytes);
        _now[sector] = stamp;
    }

    private void Flushed()
    {
        _flushed = [.. _now];
        _maybe.Clear();
    }

    private static void Fill(Span<byte> bytes, ulong word) => MemoryMarshal.Cast<byte, ulong>(bytes).Fill(word);
}
