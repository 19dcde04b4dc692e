using Kiln.Blocks.Devices;

namespace Kiln.Service.Ec2.Storage;

/// <summary>A volume's device while somebody uses it; it is not closed before this is disposed.</summary>
public sealed class VolumeUse : IDisposable
{
    private readonly VolumeDevices _owner;
    private readonly VolumeDevices.Entry _entry;
    private int _disposed;

    internal VolumeUse(VolumeDevices owner, VolumeDevices.Entry entry, VolumeDevice device)
    {
        _owner = owner;
        _entry = entry;
        Device = device;
    }

    /// <summary>The device.</summary>
    public VolumeDevice Device { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _owner.Release(_entry);
    }
}
