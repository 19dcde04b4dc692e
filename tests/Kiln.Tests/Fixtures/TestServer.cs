using Amazon.EC2;
using Amazon.KeyManagementService;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Kiln.Host;
using Kiln.Service;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Fixtures;

/// <summary>A whole service in this process, on a free port, with its own data folder, and real clients for
/// it.</summary>
public sealed class TestServer : IAsyncLifetime
{
    /// <summary>The owner in most tests.</summary>
    public const string A = "111111111111";

    /// <summary>The recipient.</summary>
    public const string B = "222222222222";

    /// <summary>The stranger.</summary>
    public const string C = "333333333333";

    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-test-").FullName;
    private readonly List<IDisposable> _clients = [];
    private KilnServer? _server;
    private string? _database;

    /// <summary>Changes the settings before the start.</summary>
    public Action<ServiceOptions> Configure { get; init; } = _ => { };

    /// <summary>Changes what the server is made of.</summary>
    public Action<IServiceCollection>? Change { get; init; }

    /// <summary>The wall clock: that of leases and signatures.</summary>
    public TimeProvider Wall { get; init; } = TimeProvider.System;

    /// <summary>The running server.</summary>
    public KilnServer Server => _server ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>The data folder.</summary>
    public string DataFolder => Path.Combine(_folder, "data");

    /// <summary>The domain clock.</summary>
    public DomainClock Clock => Server.Services.GetRequiredService<DomainClock>();

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => StartAsync();

    /// <summary>Starts, or starts again over the same data.</summary>
    public async ValueTask StartAsync()
    {
        var options = new ServiceOptions
        {
            Data = DataFolder, Listen = "127.0.0.1:0", Dev = true, Guests = "simulated", SimulatedBootMilliseconds = 0,
        };
        if (PostgresServer.Wanted)
            options.Database = _database ??= PostgresServer.NewDatabase();
        Configure(options);
        _server = await KilnServer.Start(options, Wall, Change);
    }

    /// <summary>Stops, keeping the data.</summary>
    public async ValueTask StopAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _server = null;
    }

    /// <summary>An EC2 client of an account in a Region.</summary>
    public AmazonEC2Client Ec2(string account = A, string region = "us-east-1") => Keep(new AmazonEC2Client(
        new BasicAWSCredentials(account, "test"), Config(new AmazonEC2Config(), region)));

    /// <summary>A KMS client.</summary>
    public AmazonKeyManagementServiceClient Kms(string account = A, string region = "us-east-1") => Keep(
        new AmazonKeyManagementServiceClient(
            new BasicAWSCredentials(account, "test"), Config(new AmazonKeyManagementServiceConfig(), region)));

    /// <summary>An STS client.</summary>
    public AmazonSecurityTokenServiceClient Sts(string account = A, string region = "us-east-1") => Keep(
        new AmazonSecurityTokenServiceClient(
            new BasicAWSCredentials(account, "test"), Config(new AmazonSecurityTokenServiceConfig(), region)));

    /// <summary>Runs something with a context of its own.</summary>
    public async Task<T> WithDb<T>(Func<Db, Task<T>> body)
    {
        await using var scope = Server.Services.CreateAsyncScope();
        return await body(scope.ServiceProvider.GetRequiredService<Db>());
    }

    /// <summary>Moves the domain clock and wakes the worker.</summary>
    public async Task Advance(TimeSpan by)
    {
        await WithDb(async db =>
        {
            await ClockSetting.Advance(db, Clock, by, TestContext.Current.CancellationToken);
            return 0;
        });
        Server.Services.GetRequiredService<WorkSignal>().Notify();
    }

    /// <summary>Asks until the answer is as wanted; fails with the last answer after half a minute.</summary>
    public static async Task<T> Eventually<T>(Func<Task<T>> ask, Func<T, bool> wanted)
    {
        var cancel = TestContext.Current.CancellationToken;
        var deadline = TimeProvider.System.GetTimestamp() + 30 * TimeProvider.System.TimestampFrequency;
        while (true)
        {
            var answer = await ask();
            if (wanted(answer))
                return answer;
            if (TimeProvider.System.GetTimestamp() > deadline)
                throw new TimeoutException($"Still not as wanted: {System.Text.Json.JsonSerializer.Serialize(answer)}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancel);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            client.Dispose();
        await StopAsync();
        if (_database is not null)
            PostgresServer.Drop(_database);
        Directory.Delete(_folder, recursive: true);
    }

    private TConfig Config<TConfig>(TConfig config, string region)
        where TConfig : ClientConfig
    {
        config.ServiceURL = Server.Url;
        config.AuthenticationRegion = region;
        config.MaxErrorRetry = 0;
        return config;
    }

    private T Keep<T>(T client)
        where T : IDisposable
    {
        _clients.Add(client);
        return client;
    }
}
