namespace Kiln.Blocks;

/// <summary>The store cannot be written: opened so, mounted so, or switched so after a failed sync.</summary>
public sealed class StoreReadOnlyException(string message, Exception? cause = null)
    : BlockStoreException(message, cause);
