namespace Kiln.Service.Imds;

/// <summary>One file of the metadata tree.</summary>
/// <param name="ContentType">What its bytes are.</param>
/// <param name="Read">Makes its bytes; null for none, which is answered as not found.</param>
internal sealed record MetadataLeaf(string ContentType, Func<CancellationToken, Task<ReadOnlyMemory<byte>?>> Read);
