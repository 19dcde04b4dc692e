namespace Kiln.Blocks;

/// <summary>What every refusal of the store derives from. Nothing was lost when one is thrown.</summary>
public abstract class BlockStoreException(string message, Exception? cause = null) : IOException(message, cause);
