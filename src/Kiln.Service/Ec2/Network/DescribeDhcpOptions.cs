using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Lists the DHCP options: the one set that all VPCs of an account use.</summary>
[Operation("ec2:DescribeDhcpOptions")]
public sealed class DescribeDhcpOptions(Db db, Paging paging)
    : IOperation<DescribeDhcpOptions.Request, DescribeDhcpOptions.Response>
{
    private static readonly FilterSet<AccountNetwork> Filters = new FilterSet<AccountNetwork>()
        .Text("dhcp-options-id", n => n.DhcpOptionsId)
        .Computed("key", n => Settings(n.Region).Select(c => c.Key))
        .Text("owner-id", n => n.AccountId)
        .Computed("value", n => Settings(n.Region).SelectMany(c => c.Values).Select(v => v.Value))
        .Tags(n => n.DhcpOptionsId);

    public sealed record Request
    {
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        [Wire("DhcpOptionsId")] public IReadOnlyList<string> DhcpOptionsIds { get; init; } = [];
        public string? NextToken { get; init; }
        public int? MaxResults { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("dhcpOptionsSet")] IReadOnlyList<Options> DhcpOptions, string? NextToken);

    /// <summary>DHCP options on the wire.</summary>
    public sealed record Options(
        string DhcpOptionsId, string OwnerId,
        [property: Wire("dhcpConfigurationSet")] IReadOnlyList<Setting> DhcpConfigurations,
        [property: Wire("tagSet")] IReadOnlyList<Tag> Tags);

    /// <summary>One option.</summary>
    public sealed record Setting(string Key, [property: Wire("valueSet")] IReadOnlyList<AttributeValue> Values);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, 1000);
        await DefaultNetwork.Ensure(db, call, cancel);
        var rows = db.AccountNetworks.AsNoTracking()
            .Where(n => n.Region == call.Region && n.AccountId == call.AccountId);
        rows = await Given.Narrow(
            rows, request.DhcpOptionsIds, n => n.DhcpOptionsId, Ec2Error.InvalidDhcpOptionIdNotFound, cancel);
        var (narrowed, rest) = Filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            narrowed, n => n.DhcpOptionsId, rest, request.MaxResults, request.NextToken, call, cancel);
        var tags = await Tagging.Of(db, call.AccountId, [.. page.Rows.Select(n => n.DhcpOptionsId)], cancel);
        return new Response(
            [.. page.Rows.Select(n => new Options(
                n.DhcpOptionsId, n.AccountId, Settings(n.Region), tags.Of(n.DhcpOptionsId)))],
            page.NextToken);
    }

    private static IReadOnlyList<Setting> Settings(string region) =>
    [
        new("domain-name",
            [new() { Value = region == "us-east-1" ? "ec2.internal" : region + ".compute.internal" }]),
        new("domain-name-servers", [new() { Value = "AmazonProvidedDNS" }]),
    ];
}
