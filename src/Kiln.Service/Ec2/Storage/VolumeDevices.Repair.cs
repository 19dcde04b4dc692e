using Kiln.Blocks;
using Kiln.Blocks.Crypto;

namespace Kiln.Service.Ec2.Storage;

// What a scrub asks of the volumes that are open: bytes that a store has lost.
public sealed partial class VolumeDevices
{
    /// <summary>Finds a block in the local layers of any open volume.</summary>
    internal bool TryReadLocal(BlockAddress address, Span<byte> block, out KeyDomain? domain)
    {
        domain = null;
        List<Entry> open;
        lock (_gate)
        {
            open = [.. _entries.Values.Where(e => e.Device is not null)];
            foreach (var entry in open)
                Wake(entry);
        }
        try
        {
            foreach (var entry in open)
            {
                if (entry.Device is { } device && device.TryReadLocal(address, block, out domain))
                    return true;
            }
            return false;
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // A volume was deleted, or is damaged itself: the next pass asks the others again.
            return false;
        }
        finally
        {
            foreach (var entry in open)
                Release(entry);
        }
    }
}
