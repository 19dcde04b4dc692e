using System.Security.Cryptography;

namespace Kiln.Cli.Snapshots;

/// <summary>The digests of the blocks that were put, for the checksum over all of them. Thread-safe.</summary>
internal sealed class Digests
{
    private readonly SortedDictionary<int, byte[]> _digests = [];
    private readonly Lock _gate = new();

    /// <summary>How many.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _digests.Count;
        }
    }

    /// <summary>Keeps one.</summary>
    public void Add(int index, ReadOnlySpan<byte> sha256)
    {
        var kept = sha256.ToArray();
        lock (_gate)
            _digests[index] = kept;
    }

    /// <summary>The LINEAR aggregate in base64: SHA-256 over the raw digests in ascending order of their
    /// index.</summary>
    public string Linear()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        lock (_gate)
        {
            foreach (var digest in _digests.Values)
                hash.AppendData(digest);
        }
        return Convert.ToBase64String(hash.GetHashAndReset());
    }
}
