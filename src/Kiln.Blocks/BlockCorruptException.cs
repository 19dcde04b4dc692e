namespace Kiln.Blocks;

/// <summary>Stored bytes failed one of their checks. They are never served.</summary>
public sealed class BlockCorruptException(string message, Exception? cause = null)
    : BlockStoreException(message, cause);
