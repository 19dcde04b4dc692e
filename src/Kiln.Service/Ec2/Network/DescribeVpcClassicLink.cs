using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Tells that no VPC is linked to EC2-Classic, which AWS retired in 2022.</summary>
[Operation("ec2:DescribeVpcClassicLink")]
public sealed class DescribeVpcClassicLink(Db db)
    : IOperation<DescribeVpcClassicLink.Request, DescribeVpcClassicLink.Response>
{
    private static readonly FilterSet<Vpc> Filters = new FilterSet<Vpc>()
        .Computed("is-classic-link-enabled", _ => "false")
        .Tags(v => v.Id);

    public sealed record Request
    {
        [Wire("VpcId")] public IReadOnlyList<string> VpcIds { get; init; } = [];
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        public bool? DryRun { get; init; }
    }

    public sealed record Response([property: Wire("vpcSet")] IReadOnlyList<Link> Vpcs);

    /// <summary>A VPC and whether it is linked.</summary>
    public sealed record Link(
        string VpcId, bool ClassicLinkEnabled, [property: Wire("tagSet")] IReadOnlyList<Tag> Tags);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        await DefaultNetwork.Ensure(db, call, cancel);
        var rows = db.Vpcs.AsNoTracking().Where(v => v.Region == call.Region && v.AccountId == call.AccountId);
        rows = await Given.Narrow(rows, request.VpcIds, v => v.Id, Ec2Error.InvalidVpcIdNotFound, cancel);
        var (narrowed, rest) = Filters.Apply(rows, request.Filters, db, call);
        var found = (await narrowed.OrderBy(v => v.Id).ToListAsync(cancel)).FindAll(v => rest is null || rest(v));
        var tags = await Tagging.Of(db, call.AccountId, [.. found.Select(v => v.Id)], cancel);
        return new Response([.. found.Select(v => new Link(v.Id, false, tags.Of(v.Id)))]);
    }
}
