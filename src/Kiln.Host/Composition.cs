using System.Diagnostics.Metrics;
using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Metrics;
using Kiln.Host.Metrics;
using Kiln.Service;
using Kiln.Service.Accounts;
using Kiln.Service.Admin;
using Kiln.Service.Calls;
using Kiln.Service.Ebs;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Ec2.Instances.Guests.Networks;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Iam;
using Kiln.Service.Imds;
using Kiln.Service.Kms;
using Kiln.Service.Metrics;
using Kiln.Service.Persistence;
using Kiln.Service.Ssm.Parameters;
using Kiln.Service.Sts;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Host;

/// <summary>What is made of what. The only place that knows all parts.</summary>
internal static class Composition
{
    /// <summary>Registers the whole service.</summary>
    public static IServiceCollection AddKiln(
        this IServiceCollection services, ServiceOptions options, TimeProvider wall)
    {
        var clock = new DomainClock(wall);
        services.AddSingleton(options);
        services.AddSingleton(clock);
        services.AddSingleton<TimeProvider>(clock);
        services.AddKeyedSingleton("wall", wall);
        services.AddSingleton(NodeIdentity.OpenOrCreate(options.Data));
        services.AddSingleton(_ => MasterKey.OpenOrCreate(options.MasterKeyPath));
        services.AddDatabase(options);
        services.AddSingleton<WorkSignal>();
        services.AddSingleton<OperationTable>();
        services.AddSingleton<Credentials>();
        services.AddSingleton<Paging>();
        services.AddSingleton<Pipeline>();
        services.AddSingleton<OwnPages>();
        services.AddKilnMetrics();
        services.AddSingleton<DbStart>();
        services.AddSingleton<Bootstrap>();
        services.AddScoped<Authorization>();
        services.AddScoped<KeyUse>();
        services.AddScoped<Entities>();
        services.AddScoped<Sessions>();
        services.AddStorage(options);
        services.AddEbsDirect();
        services.AddMetadata();
        services.AddScoped<Operator>();
        services.AddScoped<ParameterLookup>();
        services.AddScoped<ManagedGuests>();
        services.AddScoped<ReadImageParameter>(p => p.GetRequiredService<ParameterLookup>().ReadForLaunch);
        foreach (var type in typeof(IReconciler).Assembly.GetTypes())
        {
            if (type is { IsAbstract: false, IsClass: true } && type.IsAssignableTo(typeof(IReconciler)))
                services.AddSingleton(typeof(IReconciler), type);
        }
        // Stopped in reverse: first the worker's steps, then the transfers they wait for.
        services.AddHostedService(provider => provider.GetRequiredService<Transfers>());
        services.AddHostedService(provider => provider.GetRequiredService<BootRecorder>());
        services.AddSingleton<VolumeExports>();
        services.AddHostedService(provider => provider.GetRequiredService<VolumeExports>());
        services.AddHostedService<GuestWatch>();
        services.AddHostedService<Worker>();
        services.AddHostedService<RegionUpkeep>();
        return services;
    }

    private static void AddKilnMetrics(this IServiceCollection services)
    {
        services.AddMetrics();
        services.AddSingleton(provider => new BlockMetrics(
            provider.GetRequiredService<IMeterFactory>().Create(BlockMetrics.MeterName),
            provider.GetRequiredKeyedService<TimeProvider>("wall")));
        services.AddSingleton<ServiceMetrics>();
        services.AddSingleton<StorageGauges>();
        services.AddSingleton<WorkGauges>();
        services.AddSingleton<ProcessGauges>();
        services.AddSingleton<MetricsPage>();
    }

    private static void AddStorage(this IServiceCollection services, ServiceOptions options)
    {
        services.AddSingleton(provider => new BytesInFlight(
            (long)options.InFlightMiB << 20, provider.GetRequiredKeyedService<TimeProvider>("wall")));
        services.AddSingleton<RequestBodies>();
        services.AddSingleton<OpenBackend>(directory => new FileBackend(directory));
        services.AddSingleton<RegionStores>();
        services.AddSingleton<KeyRing>();
        services.AddSingleton<LoadedCopies>();
        services.AddSingleton<VolumeDevices>();
        services.AddSingleton<VolumeLoading>();
        services.AddSingleton<BootRecorder>();
        services.AddGuests(options);
        services.AddSingleton<Transfers>();
        services.AddSingleton<SnapshotStalls>();
        services.AddSingleton<SnapshotUpload>();
        services.AddSingleton<CopyLimits>();
        services.AddSingleton<SnapshotCopy>();
        services.AddSingleton<StorageStart>();
        services.AddSingleton<StoreRoots>();
        services.AddSingleton<Collectors>();
        services.AddSingleton<Scrubs>();
        services.AddScoped<DataKeys>();
        services.AddScoped<EbsKeys>();
        services.AddScoped<NewVolumes>();
        services.AddScoped<NewSnapshots>();
        services.AddScoped<TimeBasedCopies>();
    }

    private static void AddGuests(this IServiceCollection services, ServiceOptions options)
    {
        services.AddSingleton<GuestFolders>();
        services.AddSingleton<GuestAgents>();
        services.AddGuestNetwork(options);
        services.AddSingleton<QemuHost>();
        services.AddSingleton<GuestPulse>();
        services.AddSingleton<QemuMachines>();
        services.AddScoped<GuestCapacity>();
        services.AddSingleton<QemuGuest>();
        services.AddSingleton<SimulatedGuest>();
        services.AddSingleton<IGuest>(provider => provider.GetRequiredService<QemuHost>().IsUsed
            ? provider.GetRequiredService<QemuGuest>() : provider.GetRequiredService<SimulatedGuest>());
    }

    private static void AddGuestNetwork(this IServiceCollection services, ServiceOptions options)
    {
        if (options.GuestNetwork == "bridge")
            services.AddSingleton<IGuestNetwork, BridgeNetwork>();
        else
            services.AddSingleton<IGuestNetwork, UserNetwork>();
        // Before whoever takes up machines that still run.
        services.AddHostedService<GuestNetworkWatch>();
    }

    private static void AddEbsDirect(this IServiceCollection services)
    {
        services.AddSingleton<BlockTokens>();
        services.AddSingleton<KeyPermits>();
        services.AddSingleton<ReadableSnapshots>();
        services.AddSingleton<DirectUploads>();
        services.AddScoped<DirectKeys>();
    }

    private static void AddMetadata(this IServiceCollection services)
    {
        services.AddSingleton<MetadataTokens>();
        services.AddSingleton<RoleCredentials>();
        services.AddSingleton<InstanceIdentity>();
        services.AddSingleton<MetadataRequests>();
        services.AddSingleton<MetadataServer>();
        services.AddHostedService(provider => provider.GetRequiredService<MetadataServer>());
    }

    private static void AddDatabase(this IServiceCollection services, ServiceOptions options)
    {
        if (options.Database.Length > 0)
        {
            services.AddSingleton(new WriteGate(single: false));
            services.AddDbContextPool<PostgresDb>(builder => PostgresDb.Configure(builder, options.Database));
            services.AddScoped<Db>(scope => scope.GetRequiredService<PostgresDb>());
        }
        else
        {
            services.AddSingleton(new WriteGate(single: true));
            services.AddDbContextPool<SqliteDb>(
                builder => SqliteDb.Configure(builder, Path.Combine(options.Data, "kiln.db")));
            services.AddScoped<Db>(scope => scope.GetRequiredService<SqliteDb>());
        }
    }
}
