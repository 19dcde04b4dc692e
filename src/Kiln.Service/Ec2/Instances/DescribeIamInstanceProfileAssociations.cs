using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Lists which instances have which instance profiles.</summary>
[Operation("ec2:DescribeIamInstanceProfileAssociations")]
public sealed class DescribeIamInstanceProfileAssociations(Db db, Paging paging, TimeProvider clock)
    : IOperation<DescribeIamInstanceProfileAssociations.Request, DescribeIamInstanceProfileAssociations.Response>
{
    private static readonly FilterSet<Instance> Filters = new FilterSet<Instance>()
        .Text("instance-id", i => i.Id)
        // Kiln associates at once: no other state is ever seen.
        .Computed("state", _ => "associated");

    public sealed record Request
    {
        [Wire("AssociationId"), MaxLength(InstanceAccess.IdsMax)]
        public IReadOnlyList<string> AssociationIds { get; init; } = [];

        [Wire("Filter"), MaxLength(FilterSet<Instance>.FiltersMax)]
        public IReadOnlyList<Filter> Filters { get; init; } = [];

        [Range(5, 1000)] public int? MaxResults { get; init; }
        public string? NextToken { get; init; }
    }

    public sealed record Response(
        [property: Wire("iamInstanceProfileAssociationSet")]
        IReadOnlyList<ProfileAssociation> IamInstanceProfileAssociations,
        string? NextToken);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var held = ProfileAssociation.Held(db, call, clock.GetUtcNow()).AsNoTracking();
        var rows = await Network.Given.Narrow(held, request.AssociationIds, i => i.ProfileAssociationId!,
            Ec2Error.InvalidAssociationIdNotFound, cancel);
        var (narrowed, rest) = Filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            narrowed, i => i.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        return new Response([.. page.Rows.Select(row => ProfileAssociation.Of(row))], page.NextToken);
    }
}
