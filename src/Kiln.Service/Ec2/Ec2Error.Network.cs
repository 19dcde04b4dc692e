using Kiln.Protocol.Errors;

namespace Kiln.Service.Ec2;

// VPCs, subnets, security groups, interfaces, zones, key pairs.
public static partial class Ec2Error
{
    /// <summary>No such VPC in the caller's account.</summary>
    public static AwsException InvalidVpcIdNotFound(string id) =>
        Bad("InvalidVpcID.NotFound", $"The vpc ID '{id}' does not exist");

    /// <summary>No such subnet in the caller's account.</summary>
    public static AwsException InvalidSubnetIdNotFound(string id) =>
        Bad("InvalidSubnetID.NotFound", $"The subnet ID '{id}' does not exist");

    /// <summary>No such security group in the caller's account.</summary>
    public static AwsException InvalidGroupNotFound(string idOrName) =>
        Bad("InvalidGroup.NotFound", $"The security group '{idOrName}' does not exist");

    /// <summary>No such group in this VPC.</summary>
    public static AwsException InvalidGroupNotFound(string idOrName, string vpcId) => Bad(
        "InvalidGroup.NotFound", $"The security group '{idOrName}' does not exist in VPC '{vpcId}'");

    /// <summary>Not a group id.</summary>
    public static AwsException InvalidGroupIdMalformed(string id) => Malformed("InvalidGroupId.Malformed", id, "sg");

    /// <summary>The name is taken.</summary>
    public static AwsException InvalidGroupDuplicate(string name, string vpcId) =>
        Bad("InvalidGroup.Duplicate", $"The security group '{name}' already exists for VPC '{vpcId}'");

    /// <summary>The name <c>default</c>.</summary>
    public static AwsException InvalidGroupReserved(string name) =>
        Bad("InvalidGroup.Reserved", $"The security group '{name}' is reserved");

    /// <summary>The default group.</summary>
    public static AwsException CannotDelete(string id, string name) => Bad("CannotDelete",
        $"the specified group: \"{id}\" name: \"{name}\" cannot be deleted by a user");

    /// <summary>Something still needs the resource.</summary>
    public static AwsException DependencyViolation(string id) =>
        Bad("DependencyViolation", $"resource {id} has a dependent object");

    /// <summary>A VPC that still has things in it.</summary>
    public static AwsException VpcDependencyViolation(string id) => Bad("DependencyViolation",
        $"The vpc '{id}' has dependencies and cannot be deleted.");

    /// <summary>A subnet that still has interfaces.</summary>
    public static AwsException SubnetDependencyViolation(string id) => Bad("DependencyViolation",
        $"The subnet '{id}' has dependencies and cannot be deleted.");

    /// <summary>The account has deleted its default VPC.</summary>
    public static AwsException NoDefaultVpc() => Bad("VPCIdNotSpecified", "No default VPC for this user");

    /// <summary>The default VPC is there already.</summary>
    public static AwsException DefaultVpcAlreadyExists() => Bad("DefaultVpcAlreadyExists",
        "A Default VPC already exists for this account in this region.");

    /// <summary>The default VPC has no default subnet in a zone.</summary>
    public static AwsException NoDefaultSubnet(string? zone) => Bad("MissingInput", zone is null
        ? "No subnets found for the default VPC. Please specify a subnet."
        : $"No default subnet found in zone '{zone}'. Please specify a subnet.");

    /// <summary>Not a range.</summary>
    public static AwsException InvalidCidr(string text) => Bad("InvalidParameterValue",
        $"Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.");

    /// <summary>A VPC's range of a size that VPCs do not have.</summary>
    public static AwsException InvalidVpcRange(string text) =>
        Bad("InvalidVpc.Range", $"The CIDR '{text}' is invalid.");

    /// <summary>A subnet's range outside its VPC, or of a size that subnets do not have.</summary>
    public static AwsException InvalidSubnetRange(string text) =>
        Bad("InvalidSubnet.Range", $"The CIDR '{text}' is invalid.");

    /// <summary>A subnet's range that another has.</summary>
    public static AwsException InvalidSubnetConflict(string text) =>
        Bad("InvalidSubnet.Conflict", $"The CIDR '{text}' conflicts with another subnet");

    /// <summary>All addresses of the subnet are taken.</summary>
    public static AwsException InsufficientFreeAddresses(string subnetId) => Bad("InsufficientFreeAddressesInSubnet",
        $"There are not enough free addresses in subnet '{subnetId}' to satisfy the requested number of instances.");

    /// <summary>Another interface has the address.</summary>
    public static AwsException InvalidIpAddressInUse(string address) =>
        Bad("InvalidIPAddress.InUse", $"Address {address} is in use.");

    /// <summary>A quota on network resources is used up.</summary>
    public static AwsException NetworkLimitExceeded(string code, string what, int most) =>
        Bad(code, $"The maximum number of {what} has been reached: {most}.");

    /// <summary>The rule is there.</summary>
    public static AwsException InvalidPermissionDuplicate(string rule) =>
        Bad("InvalidPermission.Duplicate", $"the specified rule \"{rule}\" already exists");

    /// <summary>The rule is not there.</summary>
    public static AwsException InvalidPermissionNotFound() => Bad("InvalidPermission.NotFound",
        "The specified rule does not exist in this security group.");

    /// <summary>No such rule.</summary>
    public static AwsException InvalidSecurityGroupRuleIdNotFound(string id) => Bad(
        "InvalidSecurityGroupRuleId.NotFound", $"The security group rule ID '{id}' does not exist");

    /// <summary>No such interface.</summary>
    public static AwsException InvalidNetworkInterfaceIdNotFound(string id) => Bad(
        "InvalidNetworkInterfaceID.NotFound", $"The networkInterface ID '{id}' does not exist");

    /// <summary>No such route table.</summary>
    public static AwsException InvalidRouteTableIdNotFound(string id) =>
        Bad("InvalidRouteTableID.NotFound", $"The routeTable ID '{id}' does not exist");

    /// <summary>No such internet gateway.</summary>
    public static AwsException InvalidInternetGatewayIdNotFound(string id) =>
        Bad("InvalidInternetGatewayID.NotFound", $"The internetGateway ID '{id}' does not exist");

    /// <summary>No such DHCP options.</summary>
    public static AwsException InvalidDhcpOptionIdNotFound(string id) =>
        Bad("InvalidDhcpOptionID.NotFound", $"The dhcpOption ID '{id}' does not exist");

    /// <summary>No such key pair.</summary>
    public static AwsException InvalidKeyPairNotFound(string name) =>
        Bad("InvalidKeyPair.NotFound", $"The key pair '{name}' does not exist");

    /// <summary>The name is taken.</summary>
    public static AwsException InvalidKeyPairDuplicate(string name) =>
        Bad("InvalidKeyPair.Duplicate", $"The keypair already exists: {name}");

    /// <summary>Not a public key that EC2 takes.</summary>
    public static AwsException InvalidKeyFormat() => Bad("InvalidKey.Format",
        "Key is not in valid OpenSSH public key format");
}
