using System.Security.Cryptography;
using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Devices;

// What a scrub asks of a volume: bytes of a block that the store has lost.
public sealed partial class VolumeDevice
{
    /// <summary>
    /// Reads a block of the base manifest from the local layers, if they hold all of it and it still is what was
    /// uploaded.
    /// </summary>
    /// <param name="address">The block.</param>
    /// <param name="block">Takes its bytes.</param>
    /// <param name="under">The key domain of the address; null in the clear.</param>
    /// <remarks>Walks the whole manifest: for repairs only.</remarks>
    public bool TryReadLocal(BlockAddress address, Span<byte> block, out KeyDomain? under)
    {
        var current = Volatile.Read(ref stack);
        under = current.BaseDomain;
        if (current.Base is not { } manifest) return false;
        Span<byte> digest = stackalloc byte[32];
        foreach (var entry in manifest.Entries())
        {
            if (entry.Address != address || current.Held(entry.Index) != UInt128.MaxValue) continue;
            try
            {
                Read(entry.Index * Block.Size, block);
            }
            catch (IOException)
            {
                continue;
            }

            SHA256.HashData(block, digest);
            if (KeyDomain.AddressOf(under, digest) == address) return true;
        }

        return false;
    }
}
