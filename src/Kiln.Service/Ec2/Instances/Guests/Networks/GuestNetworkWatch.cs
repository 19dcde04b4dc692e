using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Instances.Guests.Networks;

/// <summary>Brings what machines' networks let through to what the rows say, once a second.</summary>
/// <remarks>
/// Looks at the rows instead of being told: rules and members change in a dozen operations, on any node, and a crash
/// between row and network heals by itself. Two short queries, and only while machines run.
/// </remarks>
public sealed partial class GuestNetworkWatch(
    QemuHost host, IGuestNetwork network, [FromKeyedServices("wall")] TimeProvider wall,
    ILogger<GuestNetworkWatch> log) : BackgroundService
{
    // EC2's own changes need a second or a few.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    /// <exception cref="IOException">This host cannot do what --guest-network asks for.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!host.IsUsed)
            return;
        await network.Begin(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failing = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await network.Refresh(stoppingToken);
                failing = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // Once, not every second until it heals.
                if (!failing)
                    LogFailed(failure);
                failing = true;
            }
            await Task.Delay(Pause, wall, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The networks of machines could not be brought up to their rules")]
    private partial void LogFailed(Exception failure);
}
