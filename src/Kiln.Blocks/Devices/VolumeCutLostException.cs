namespace Kiln.Blocks.Devices;

/// <summary>The machine stopped, or the disk failed, before the instant was durable: it can only be
/// abandoned.</summary>
public sealed class VolumeCutLostException(string cutId)
    : BlockStoreException($"The machine stopped, or the disk failed, before the instant {cutId} was durable.");
