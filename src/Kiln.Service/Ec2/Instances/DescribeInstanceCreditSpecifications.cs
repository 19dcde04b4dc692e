using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.InstanceTypes;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Tells how burstable instances spend processor credits: as their families do unless changed.</summary>
[Operation("ec2:DescribeInstanceCreditSpecifications")]
public sealed class DescribeInstanceCreditSpecifications(Db db, Paging paging, TimeProvider clock)
    : IOperation<DescribeInstanceCreditSpecifications.Request, DescribeInstanceCreditSpecifications.Response>
{
    private static readonly FilterSet<Instance> Filters = new FilterSet<Instance>().Text("instance-id", i => i.Id);

    public sealed record Request
    {
        [Wire("InstanceId")] public IReadOnlyList<string> InstanceIds { get; init; } = [];
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        public string? NextToken { get; init; }
        public int? MaxResults { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("instanceCreditSpecificationSet")] IReadOnlyList<Entry> InstanceCreditSpecifications,
        string? NextToken);

    /// <summary>An instance and how it spends.</summary>
    public sealed record Entry(string InstanceId, string CpuCredits);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, 1000);
        foreach (var id in request.InstanceIds)
            InstanceAccess.CheckId(id);
        var rows = InstanceAccess.Owned(db, call, clock.GetUtcNow()).AsNoTracking();
        rows = await Given.Narrow(rows, request.InstanceIds, i => i.Id,
            id => Ec2Error.InvalidInstanceIdNotFound([id]), cancel);
        var (narrowed, _) = Filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            narrowed, i => i.Id, i => InstanceTypeCatalog.Find(i.InstanceType) is { Burstable: true },
            request.MaxResults, request.NextToken, call, cancel);
        return new Response([.. page.Rows.Select(i => new Entry(
            i.Id, i.InstanceType.StartsWith("t2.", StringComparison.Ordinal) ? "standard" : "unlimited"))],
            page.NextToken);
    }
}
