using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Work;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Storage;

/// <summary>Records what starting machines read first, and has it brought ahead of the next ones.</summary>
/// <remarks>
/// Call <see cref="Booting"/> before a machine is switched on, as often as its reconciler comes by. A recording lives
/// in this process only: one that a stop cuts short teaches less, and a crash teaches nothing. Thread-safe.
/// </remarks>
public sealed partial class BootRecorder(
    VolumeDevices devices, ServiceOptions options, DomainClock clock, ILogger<BootRecorder> log)
    : IHostedService, IDisposable
{
    private readonly Dictionary<string, DateTimeOffset> _started = new(StringComparer.Ordinal);
    private readonly List<Task> _recording = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();

    /// <summary>A machine is about to start from its volumes. Never fails: a boot does not depend on it.</summary>
    public async Task Booting(Instance instance, IEnumerable<Volume> volumes, CancellationToken cancel)
    {
        if (options.BootTraceSeconds == 0)
            return;
        foreach (var volume in volumes.Where(v => v.BaseManifestId is not null))
        {
            lock (_gate)
            {
                if (_started.TryGetValue(volume.Id, out var since) && since == instance.PowerSince)
                    continue;
                _started[volume.Id] = instance.PowerSince;
            }
            VolumeUse? use = null;
            try
            {
                use = await devices.Use(volume, cancel);
                use.Device.BeginBoot();
                lock (_gate)
                {
                    _recording.RemoveAll(r => r.IsCompleted);
                    _recording.Add(EndLater(use, volume.Id));
                }
            }
            catch (Exception unusable) when (unusable is AwsException or IOException or ObjectDisposedException)
            {
                // The start itself will say so, in its own way.
                use?.Dispose();
                LogSkipped(volume.Id, unusable.Message);
            }
            catch (OperationCanceledException)
            {
                // Whoever takes the start up again records it.
                lock (_gate)
                    _started.Remove(volume.Id);
                throw;
            }
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        List<Task> left;
        lock (_gate)
            left = [.. _recording];
        await Task.WhenAll(left);
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private async Task EndLater(VolumeUse use, string volumeId)
    {
        using (use)
        {
            await Task.WhenAny(Task.Delay(
                TimeSpan.FromSeconds(options.BootTraceSeconds), clock.Wall, _stopping.Token));
            lock (_gate)
                _started.Remove(volumeId);
            use.Device.EndBoot();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The boot from {VolumeId} is not recorded: {Reason}")]
    private partial void LogSkipped(string volumeId, string reason);
}
