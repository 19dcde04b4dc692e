using System.Net;
using System.Runtime.CompilerServices;
using Kiln.Host.Metrics;
using Kiln.Service;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Kiln.Host;

/// <summary>A running Kiln: composition, start and stop. The <c>serve</c> verb, the embedded tour and the tests all
/// use it.</summary>
public sealed class KilnServer : IAsyncDisposable
{
    /// <summary>How long a stop waits for requests and steps under way.</summary>
    public static readonly TimeSpan DrainMax = TimeSpan.FromSeconds(10);

    private readonly WebApplication _app;
    private readonly DataFolder _folder;

    private KilnServer(WebApplication app, DataFolder folder, ServiceOptions options, FirstAccount? first)
    {
        _app = app;
        _folder = folder;
        Options = options;
        First = first;
    }

    /// <summary>The settings in effect.</summary>
    public ServiceOptions Options { get; }

    /// <summary>The account made by this start, or null when there was one already.</summary>
    public FirstAccount? First { get; }

    /// <summary>The services, for composition inside the process.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Where it listens, e.g. <c>http://127.0.0.1:4566</c>.</summary>
    public string Url =>
        _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Makes the data folder and the database where needed, and listens.</summary>
    /// <param name="options">Valid settings.</param>
    /// <param name="wall">The wall clock; the system's unless a test brings its own.</param>
    /// <param name="change">Changes what it is made of, for whoever brings parts of his own.</param>
    /// <param name="cancel">Gives up starting.</param>
    /// <exception cref="IOException">The data folder or the port cannot be had.</exception>
    public static async Task<KilnServer> Start(
        ServiceOptions options, TimeProvider? wall = null, Action<IServiceCollection>? change = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        PrivateFiles.Enforce();
        var folder = DataFolder.Take(options.Data);
        WebApplication? app = null;
        try
        {
            var listens = new StrongBox<bool>();
            app = Build(options, wall ?? TimeProvider.System, change, listens);
            await app.Services.GetRequiredService<DbStart>().Prepare(cancel);
            var first = await app.Services.GetRequiredService<Bootstrap>().Run(cancel);
            await app.Services.GetRequiredService<StorageStart>().Run(cancel);
            var pipeline = app.Services.GetRequiredService<Pipeline>();
            var bodies = app.Services.GetRequiredService<RequestBodies>();
            var own = app.Services.GetRequiredService<OwnPages>();
            var metrics = app.Services.GetRequiredService<MetricsPage>();
            app.Run(http => http.Request.Path switch
            {
                _ when options.Dev && WebPages.Sent(http.Request) => WebPages.Refuse(http),
                var path when path.StartsWithSegments("/_kiln", StringComparison.Ordinal) => own.Answer(http),
                { Value: "/metrics" } => metrics.Answer(http),
                _ => Endpoint.Answer(http, pipeline, bodies),
            });
            await app.StartAsync(cancel);
            listens.Value = true;
            return new KilnServer(app, folder, options, first);
        }
        catch
        {
            if (app is not null)
                await app.DisposeAsync();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Completes when the process is asked to stop.</summary>
    public Task WaitForShutdown() => _app.WaitForShutdownAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private static WebApplication Build(
        ServiceOptions options, TimeProvider wall, Action<IServiceCollection>? change, StrongBox<bool> listens)
    {
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { Args = [], ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        // Every retry of a conflicting save is logged by the pipeline with its meaning; EF's own cry adds none.
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Critical);
        // Why a start failed is said once, by who started it; the host would say it three times with stack traces.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", level => listens.Value && level >= LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = DrainMax);
        builder.Services.AddKiln(options, wall);
        change?.Invoke(builder.Services);
        return builder.Build();
    }

    private static void Configure(KestrelServerOptions kestrel, ServiceOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        kestrel.Limits.MaxRequestBodySize = Endpoint.BodyBytesMax;
        kestrel.Limits.MaxRequestLineSize = 16 * 1024;
        kestrel.Limits.MaxRequestHeadersTotalSize = 64 * 1024;
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(10));
        kestrel.Limits.MaxConcurrentConnections = 4096;
        // A whole block: with less, each is sent in turns with its reader, a switch of threads every 64 KiB.
        kestrel.Limits.MaxResponseBufferSize = Kiln.Blocks.Block.Size + 4096;
        kestrel.Listen(IPEndPoint.Parse(options.Listen), listen => listen.Protocols = HttpProtocols.Http1);
    }
}
