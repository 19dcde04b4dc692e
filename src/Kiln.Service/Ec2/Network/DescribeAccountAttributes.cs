using System.Globalization;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Tells the account's attributes in a Region, among them its default VPC.</summary>
[Operation("ec2:DescribeAccountAttributes")]
public sealed class DescribeAccountAttributes(Db db, ServiceOptions options)
    : IOperation<DescribeAccountAttributes.Request, DescribeAccountAttributes.Response>
{
    public sealed record Request
    {
        [Wire("AttributeName")] public IReadOnlyList<string> AttributeNames { get; init; } = [];
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("accountAttributeSet")] IReadOnlyList<AccountAttribute> AccountAttributes);

    /// <summary>An attribute and its values.</summary>
    public sealed record AccountAttribute(
        string AttributeName,
        [property: Wire("attributeValueSet")] IReadOnlyList<AccountAttributeValue> AttributeValues);

    /// <summary>One value.</summary>
    public sealed record AccountAttributeValue(string AttributeValue);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        await DefaultNetwork.Ensure(db, call, cancel);
        var vpc = await db.Vpcs.Where(v => v.AccountId == call.AccountId && v.Region == call.Region && v.IsDefault)
            .Select(v => v.Id).SingleOrDefaultAsync(cancel);
        AccountAttribute[] all =
        [
            Of("supported-platforms", "VPC"),
            Of("default-vpc", vpc ?? "none"),
            Of("max-instances", options.InstancesPerRegion.ToString(CultureInfo.InvariantCulture)),
            Of("vpc-max-security-groups-per-interface",
                SecurityGroup.PerInterfaceMax.ToString(CultureInfo.InvariantCulture)),
            // Addresses that outlive an instance are not among Kiln's resources.
            Of("max-elastic-ips", "0"),
            Of("vpc-max-elastic-ips", "0"),
        ];
        if (request.AttributeNames.FirstOrDefault(name => all.All(a => a.AttributeName != name)) is { } unknown)
            throw Ec2Error.InvalidParameterValue(Ec2Error.Short(unknown), "attributeName",
                $"Use one of {string.Join(", ", all.Select(a => a.AttributeName))}.");
        return new Response([.. all.Where(a =>
            request.AttributeNames.Count == 0 || request.AttributeNames.Contains(a.AttributeName))]);
    }

    private static AccountAttribute Of(string name, string value) => new(name, [new AccountAttributeValue(value)]);
}
