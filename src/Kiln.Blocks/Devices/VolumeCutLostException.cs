namespace Kiln.Blocks.Devices;

/// <summary>The machine stopped before the instant was durable: it cannot be uploaded any more, only abandoned.</summary>
public sealed class VolumeCutLostException(string cutId)
    : BlockStoreException($"The machine stopped before the instant {cutId} was durable.");
