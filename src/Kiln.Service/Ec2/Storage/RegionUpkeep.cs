using System.Threading.Channels;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Storage;

/// <summary>Makes the work rows of a Region's upkeep (collection, scrub) when its store is first opened.</summary>
public sealed partial class RegionUpkeep : BackgroundService
{
    private readonly Channel<string> _opened = Channel.CreateUnbounded<string>();
    private readonly RegionStores _stores;
    private readonly IServiceScopeFactory _scopes;
    private readonly NodeIdentity _node;
    private readonly TimeProvider _clock;
    private readonly ILogger<RegionUpkeep> _log;

    /// <summary>Listens from now on, so that no Region is missed.</summary>
    public RegionUpkeep(
        RegionStores stores, IServiceScopeFactory scopes, NodeIdentity node, TimeProvider clock,
        ILogger<RegionUpkeep> log)
    {
        (_stores, _scopes, _node, _clock, _log) = (stores, scopes, node, clock, log);
        // At most one a Region, so the channel has a bound.
        stores.Opened += Opened;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _stores.Opened -= Opened;
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var region in _opened.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await using var scope = _scopes.CreateAsyncScope();
                var db = scope.ServiceProvider.GetRequiredService<Db>();
                await Work.Work.Commit(db, () => Want(db, region, stoppingToken), stoppingToken);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                // The next start wishes again.
                LogFailed(failure, region);
            }
        }
    }

    private void Opened(string region) => _opened.Writer.TryWrite(region);

    private async Task Want(Db db, string region, CancellationToken cancel)
    {
        await Collection.Want(db, region, _node.Id, _clock.GetUtcNow(), cancel);
        await Scrubbing.Want(db, region, _node.Id, _clock.GetUtcNow(), cancel);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The upkeep of {Region} could not be arranged")]
    private partial void LogFailed(Exception failure, string region);
}
