namespace Kiln.Blocks.Devices;

/// <summary>A run of bytes of one kind.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="IsZero">True when they read as zeros and take no space; false when they may hold data.</param>
public readonly record struct DeviceExtent(long Length, bool IsZero);
