namespace Kiln.Blocks;

/// <summary>No record has this address.</summary>
public sealed class BlockMissingException(BlockAddress address)
    : BlockStoreException($"No block {address} in this store.")
{
    /// <summary>The address that was asked for.</summary>
    public BlockAddress Address { get; } = address;
}
