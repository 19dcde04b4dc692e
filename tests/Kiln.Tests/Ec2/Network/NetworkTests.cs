using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2.Network;

public sealed class NetworkTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_account_finds_a_default_network_in_every_region()
    {
        var ec2 = server.Ec2(region: "eu-west-1");

        var vpc = Assert.Single((await ec2.DescribeVpcsAsync(Where("is-default", "true"), Cancel)).Vpcs);
        var subnets = (await ec2.DescribeSubnetsAsync(new DescribeSubnetsRequest(), Cancel)).Subnets;
        var group = Assert.Single(
            (await ec2.DescribeSecurityGroupsAsync(new DescribeSecurityGroupsRequest(), Cancel)).SecurityGroups);

        Assert.Equal("172.31.0.0/16", vpc.CidrBlock);
        Assert.True(vpc.IsDefault);
        Assert.Equal(["eu-west-1a", "eu-west-1b", "eu-west-1c"], subnets.Select(s => s.AvailabilityZone).Order());
        Assert.All(subnets, s => Assert.Equal(4091, s.AvailableIpAddressCount));
        Assert.All(subnets, s => Assert.True(s.DefaultForAz));
        Assert.Equal("default", group.GroupName);
        Assert.Equal(vpc.VpcId, group.VpcId);
        Assert.Equal(group.GroupId, Assert.Single(Assert.Single(group.IpPermissions).UserIdGroupPairs).GroupId);
    }

    [Fact]
    public async Task First_calls_at_once_make_one_network()
    {
        var ec2 = server.Ec2(TestServer.C, "us-west-2");

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => ec2.DescribeVpcsAsync(new DescribeVpcsRequest(), Cancel)));

        Assert.Single(answers.SelectMany(a => a.Vpcs).Select(v => v.VpcId).Distinct());
    }

    [Fact]
    public async Task A_deleted_default_vpc_stays_deleted_until_it_is_made_anew()
    {
        var ec2 = server.Ec2(TestServer.B, "sa-east-1");
        var vpc = (await ec2.DescribeVpcsAsync(new DescribeVpcsRequest(), Cancel)).Vpcs.Single();
        await Refused("DependencyViolation", () => ec2.DeleteVpcAsync(new DeleteVpcRequest(vpc.VpcId), Cancel));
        await Refused("DefaultVpcAlreadyExists",
            () => ec2.CreateDefaultVpcAsync(new CreateDefaultVpcRequest(), Cancel));
        foreach (var subnet in (await ec2.DescribeSubnetsAsync(new DescribeSubnetsRequest(), Cancel)).Subnets)
            await ec2.DeleteSubnetAsync(new DeleteSubnetRequest(subnet.SubnetId), Cancel);
        await ec2.DeleteVpcAsync(new DeleteVpcRequest(vpc.VpcId), Cancel);

        Assert.Empty((await ec2.DescribeVpcsAsync(new DescribeVpcsRequest(), Cancel)).Vpcs ?? []);
        await Refused("VPCIdNotSpecified", () => ec2.CreateSecurityGroupAsync(
            new CreateSecurityGroupRequest { GroupName = "g", Description = "d" }, Cancel));
        var again = (await ec2.CreateDefaultVpcAsync(new CreateDefaultVpcRequest(), Cancel)).Vpc;
        Assert.NotEqual(vpc.VpcId, again.VpcId);
        Assert.Equal(3, (await ec2.DescribeSubnetsAsync(new DescribeSubnetsRequest(), Cancel)).Subnets.Count);
    }

    [Fact]
    public async Task Subnets_lie_in_their_vpc_and_do_not_overlap()
    {
        var ec2 = server.Ec2(region: "us-east-2");
        var vpc = (await ec2.CreateVpcAsync(new CreateVpcRequest { CidrBlock = "10.1.2.3/16" }, Cancel)).Vpc;
        Assert.Equal("10.1.0.0/16", vpc.CidrBlock);
        var request = new CreateSubnetRequest
        {
            VpcId = vpc.VpcId, CidrBlock = "10.1.16.0/20", AvailabilityZoneId = "use2-az2",
            TagSpecifications = [new TagSpecification
            {
                ResourceType = "subnet", Tags = [new Tag("Name", "one")],
            }],
        };

        var subnet = (await ec2.CreateSubnetAsync(request, Cancel)).Subnet;

        Assert.Equal("us-east-2b", subnet.AvailabilityZone);
        Assert.Equal("one", Assert.Single(subnet.Tags).Value);
        request.CidrBlock = "10.1.31.0/24";
        await Refused("InvalidSubnet.Conflict", () => ec2.CreateSubnetAsync(request, Cancel));
        request.CidrBlock = "10.2.0.0/24";
        await Refused("InvalidSubnet.Range", () => ec2.CreateSubnetAsync(request, Cancel));
        request.CidrBlock = "10.1.300.0/24";
        await Refused("InvalidParameterValue", () => ec2.CreateSubnetAsync(request, Cancel));
        await Refused("InvalidVpc.Range",
            () => ec2.CreateVpcAsync(new CreateVpcRequest { CidrBlock = "10.0.0.0/8" }, Cancel));
        await Refused("DependencyViolation", () => ec2.DeleteVpcAsync(new DeleteVpcRequest(vpc.VpcId), Cancel));
        await Refused("InvalidSubnetID.NotFound", () => ec2.DescribeSubnetsAsync(
            new DescribeSubnetsRequest { SubnetIds = ["subnet-00000000000000000"] }, Cancel));
    }

    [Fact]
    public async Task A_vpcs_attributes_are_told_and_changed_one_by_one()
    {
        var ec2 = server.Ec2(region: "eu-west-3");
        var vpc = (await ec2.DescribeVpcsAsync(new DescribeVpcsRequest(), Cancel)).Vpcs.Single();
        await ec2.ModifyVpcAttributeAsync(
            new ModifyVpcAttributeRequest { VpcId = vpc.VpcId, EnableDnsHostnames = false }, Cancel);

        var names = await ec2.DescribeVpcAttributeAsync(
            new DescribeVpcAttributeRequest { VpcId = vpc.VpcId, Attribute = "enableDnsHostnames" }, Cancel);
        var support = await ec2.DescribeVpcAttributeAsync(
            new DescribeVpcAttributeRequest { VpcId = vpc.VpcId, Attribute = "enableDnsSupport" }, Cancel);

        Assert.False(names.EnableDnsHostnames);
        Assert.True(support.EnableDnsSupport);
    }

    [Fact]
    public async Task What_stands_around_a_vpc_is_described()
    {
        var ec2 = server.Ec2(region: "eu-north-1");
        var vpc = (await ec2.DescribeVpcsAsync(new DescribeVpcsRequest(), Cancel)).Vpcs.Single();

        var table = (await ec2.DescribeRouteTablesAsync(new DescribeRouteTablesRequest
        {
            Filters = [new Filter("vpc-id", [vpc.VpcId]), new Filter("association.main", ["true"])],
        }, Cancel)).RouteTables.Single();
        var gateway = (await ec2.DescribeInternetGatewaysAsync(new DescribeInternetGatewaysRequest
        {
            Filters = [new Filter("attachment.vpc-id", [vpc.VpcId])],
        }, Cancel)).InternetGateways.Single();
        var options = (await ec2.DescribeDhcpOptionsAsync(new DescribeDhcpOptionsRequest
        {
            DhcpOptionsIds = [vpc.DhcpOptionsId],
        }, Cancel)).DhcpOptions.Single();
        var link = (await ec2.DescribeVpcClassicLinkAsync(
            new DescribeVpcClassicLinkRequest { VpcIds = [vpc.VpcId] }, Cancel)).Vpcs.Single();
        var dns = (await ec2.DescribeVpcClassicLinkDnsSupportAsync(
            new DescribeVpcClassicLinkDnsSupportRequest { VpcIds = [vpc.VpcId] }, Cancel)).Vpcs.Single();

        Assert.Equal(["local", gateway.InternetGatewayId], table.Routes.Select(r => r.GatewayId));
        Assert.Equal("eu-north-1.compute.internal",
            options.DhcpConfigurations.Single(c => c.Key == "domain-name").Values.Single());
        Assert.False(link.ClassicLinkEnabled);
        Assert.False(dns.ClassicLinkDnsSupported);
    }

    [Fact]
    public async Task Regions_and_zones_are_listed_as_clients_look_for_them()
    {
        var ec2 = server.Ec2();

        var regions = (await ec2.DescribeRegionsAsync(new DescribeRegionsRequest(), Cancel)).Regions;
        var all = (await ec2.DescribeRegionsAsync(new DescribeRegionsRequest { AllRegions = true }, Cancel)).Regions;
        var zones = (await ec2.DescribeAvailabilityZonesAsync(new DescribeAvailabilityZonesRequest
        {
            Filters = [new Filter("zone-name", ["*-1b"]), new Filter("state", ["available"])],
        }, Cancel)).AvailabilityZones;

        Assert.Equal(17, regions.Count);
        Assert.All(regions, r => Assert.Equal("opt-in-not-required", r.OptInStatus));
        Assert.Contains(all, r => r is { RegionName: "af-south-1", OptInStatus: "not-opted-in" });
        Assert.Equal("use1-az2", Assert.Single(zones).ZoneId);
        await Refused("InvalidParameterValue", () => ec2.DescribeRegionsAsync(
            new DescribeRegionsRequest { RegionNames = ["mars-north-1"] }, Cancel));
        await Refused("InvalidParameterValue", () => ec2.DescribeAvailabilityZonesAsync(
            new DescribeAvailabilityZonesRequest { ZoneNames = ["us-east-1z"] }, Cancel));
    }

    [Fact]
    public async Task Account_attributes_name_the_default_vpc()
    {
        var ec2 = server.Ec2(region: "ap-south-1");
        var vpc = (await ec2.DescribeVpcsAsync(new DescribeVpcsRequest(), Cancel)).Vpcs.Single();

        var attributes = (await ec2.DescribeAccountAttributesAsync(
            new DescribeAccountAttributesRequest { AttributeNames = ["default-vpc", "supported-platforms"] }, Cancel))
            .AccountAttributes.ToDictionary(a => a.AttributeName, a => a.AttributeValues.Single().AttributeValue);

        Assert.Equal(vpc.VpcId, attributes["default-vpc"]);
        Assert.Equal("VPC", attributes["supported-platforms"]);
    }

    private static DescribeVpcsRequest Where(string name, string value) =>
        new() { Filters = [new Filter(name, [value])] };

    private static async Task Refused(string code, Func<Task> act) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<AmazonEC2Exception>(act)).ErrorCode);
}
