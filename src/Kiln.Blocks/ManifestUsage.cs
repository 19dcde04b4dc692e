namespace Kiln.Blocks;

/// <summary>One manifest's part of the cost.</summary>
/// <param name="FullBytes">Plain bytes of all its written blocks.</param>
/// <param name="UniqueBytes">Plain bytes of blocks that no other manifest of the set reaches.</param>
/// <param name="UniqueStoredBytes">Bytes on disk of those: what deleting it would free.</param>
public sealed record ManifestUsage(long FullBytes, long UniqueBytes, long UniqueStoredBytes);
