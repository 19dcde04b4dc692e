using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Collection;

/// <summary>Finds the plain bytes of a block outside of any store: in the local layers of a volume.</summary>
/// <param name="address">The block.</param>
/// <param name="block">Takes its 524,288 bytes.</param>
/// <param name="domain">The key domain that the address is of; null in the clear.</param>
/// <returns>True when the bytes hash to the address under that domain.</returns>
public delegate bool LocalBlockSource(BlockAddress address, Span<byte> block, out KeyDomain? domain);
