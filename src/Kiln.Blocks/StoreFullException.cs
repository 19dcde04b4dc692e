namespace Kiln.Blocks;

/// <summary>The disk (or quota) is full. What was accepted before is kept; try again when there is space.</summary>
public sealed class StoreFullException(string message, Exception? cause = null) : BlockStoreException(message, cause);
