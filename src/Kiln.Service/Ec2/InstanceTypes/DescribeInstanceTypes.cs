using System.Globalization;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.InstanceTypes;

/// <summary>Tells what instance types are.</summary>
[Operation("ec2:DescribeInstanceTypes")]
public sealed class DescribeInstanceTypes(Db db, Paging paging)
    : IOperation<DescribeInstanceTypes.Request, DescribeInstanceTypes.Response>
{
    private static readonly FilterSet<InstanceType> Filters = new FilterSet<InstanceType>()
        .Computed("bare-metal", t => Text(t.BareMetal))
        .Computed("burstable-performance-supported", t => Text(t.Burstable))
        .Computed("current-generation", t => Text(t.CurrentGeneration))
        .Computed("ebs-info.ebs-optimized-support", t => t.EbsOptimized)
        .Computed("ebs-info.encryption-support", _ => "supported")
        .Computed("ebs-info.nvme-support", t => t.EbsNvme)
        .Computed("free-tier-eligible", t => Text(t.Name is "t2.micro" or "t3.micro"))
        .Computed("hypervisor", t => t.Hypervisor)
        .Computed("instance-storage-info.disk.count", t => t.Disks > 0 ? [Text(t.Disks)] : [])
        .Computed("instance-storage-info.disk.size-in-gb", t => t.Disks > 0 ? [Text(t.DiskGB)] : [])
        .Computed("instance-storage-info.disk.type", t => t.Disks > 0 ? [t.DiskType] : [])
        .Computed("instance-storage-supported", t => Text(t.Disks > 0))
        .Computed("instance-type", t => t.Name)
        .Computed("memory-info.size-in-mib", t => Text(t.MemoryMiB))
        .Computed("network-info.ena-support", t => t.EnaSupport)
        .Computed("network-info.maximum-network-interfaces", t => Text(t.Interfaces))
        .Computed("network-info.network-performance", t => t.Network)
        .Computed("processor-info.supported-architecture", t => t.Architectures)
        .Computed("supported-boot-mode", t => t.BootModes)
        .Computed("supported-root-device-type", t => t.RootDeviceTypes)
        .Computed("supported-usage-class", _ => "on-demand")
        .Computed("supported-virtualization-type", t => t.VirtualizationTypes)
        .Computed("vcpu-info.default-cores", t => Text(Math.Max(1, t.VCpus / t.ThreadsPerCore)))
        .Computed("vcpu-info.default-threads-per-core", t => Text(t.ThreadsPerCore))
        .Computed("vcpu-info.default-vcpus", t => Text(t.VCpus));

    [Unsupported("Kiln's types are the same in every Region", "IncludeUnsupportedInRegion")]
    public sealed record Request
    {
        [Wire("InstanceType")] public IReadOnlyList<string> InstanceTypes { get; init; } = [];
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        public int? MaxResults { get; init; }
        public string? NextToken { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("instanceTypeSet")] IReadOnlyList<InstanceTypeItem> InstanceTypes, string? NextToken);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, 100);
        if (request.InstanceTypes.Where(name => InstanceTypeCatalog.Find(name) is null).ToList() is [_, ..] unknown)
            throw Ec2Error.InvalidInstanceType(unknown);
        var rows = InstanceTypeCatalog.All
            .Where(t => request.InstanceTypes.Count == 0 || request.InstanceTypes.Contains(t.Name)).AsQueryable();
        var (_, rest) = Filters.Apply(rows, request.Filters, db, call);
        var after = request.NextToken is { } token ? paging.Open(token, call) : "";
        var found = rows.Where(t => string.CompareOrdinal(t.Name, after) > 0 && (rest == null || rest(t))).ToList();
        var page = found.Take(request.MaxResults ?? 100).ToList();
        return new Response([.. page.Select(InstanceTypeItem.Of)],
            page.Count < found.Count ? paging.Seal(page[^1].Name, call) : null);
    }

    private static string Text(bool value) => value ? "true" : "false";

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
