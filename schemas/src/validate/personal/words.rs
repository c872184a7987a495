//! The words by which persons are known: family names, who is public history, ethnicities, religions, what belongs to a
//! place. In small letters, composed, lists parted by `, `.

/// Family names, behind a title.
pub(super) const FAMILIES: &str = "\
    nguyễn, trần, lê, phạm, huỳnh, hoàng, phan, vũ, võ, đặng, bùi, đỗ, hồ, ngô, dương, lý, đinh, trịnh, trương, \
    đào, đoàn, vương, lâm, phùng, mai, tô, tạ, hà, chu, châu, quách, cao, thái, kiều, lưu, lương, tăng, tống, \
    triệu, nông, hứa, giàng, vàng, lò, lường, sùng, thào, hầu, ma, vi, quàng, cầm, điêu, bàn, đàm, nghiêm, \
    doãn, khuất, thân, giáp, la, lục, kim, từ, khổng, thạch, danh, mạc, lại, bế, hoàn, ninh, phí, nguyen, tran, \
    pham, huynh, truong";
/// Those that are hardly anything else, for a text that is a name alone.
pub(super) const COMMON: &str = "\
    nguyễn, trần, lê, phạm, huỳnh, hoàng, phan, vũ, võ, đặng, bùi, đỗ, ngô, dương, đinh, trịnh, trương, nguyen, \
    tran, pham, huynh";
/// After whom much is called; areas are not repeated here.
pub(super) const HISTORICAL: &str = "\
    Hồ Chí Minh, Nguyễn Ái Quốc, Nguyễn Tất Thành, Chu Văn An, Nguyễn Trãi, Nguyễn Du, Nguyễn Huệ, \
    Nguyễn Bỉnh Khiêm, Nguyễn Đình Chiểu, Nguyễn Khuyến, Nguyễn Hiền, Nguyễn Thị Minh Khai, Nguyễn Văn Cừ, \
    Nguyễn Văn Linh, Nguyễn Văn Trỗi, Nguyễn Công Trứ, Nguyễn Trường Tộ, Nguyễn Viết Xuân, Nguyễn Thái Học, \
    Nguyễn Tri Phương, Nguyễn Siêu, Nguyễn Chí Thanh, Nguyễn Thượng Hiền, Nguyễn Hữu Thọ, Trần Phú, \
    Trần Hưng Đạo, Trần Quốc Toản, Trần Quốc Tuấn, Trần Nhân Tông, Trần Quang Khải, Trần Văn Ơn, \
    Trần Đại Nghĩa, Trần Nguyên Hãn, Lê Lợi, Lê Lai, Lê Quý Đôn, Lê Hồng Phong, Lê Duẩn, Lê Văn Tám, \
    Lê Thánh Tông, Lê Hữu Trác, Lê Đại Hành, Lê Văn Hưu, Phan Bội Châu, Phan Châu Trinh, Phan Chu Trinh, \
    Phan Đình Phùng, Phan Huy Chú, Phan Đình Giót, Phạm Văn Đồng, Phạm Hồng Thái, Phạm Ngũ Lão, \
    Phạm Ngọc Thạch, Võ Nguyên Giáp, Võ Thị Sáu, Võ Văn Kiệt, Võ Văn Tần, Võ Trường Toản, Hoàng Văn Thụ, \
    Hoàng Hoa Thám, Hoàng Diệu, Hoàng Quốc Việt, Hoàng Thành Thăng Long, Huỳnh Thúc Kháng, Ngô Quyền, \
    Ngô Gia Tự, Ngô Sĩ Liên, Ngô Thì Nhậm, Đinh Tiên Hoàng, Đinh Bộ Lĩnh, Lý Thường Kiệt, Lý Tự Trọng, \
    Lý Thái Tổ, Lý Công Uẩn, Lý Nam Đế, Mạc Đĩnh Chi, Lương Thế Vinh, Lương Văn Tụy, Cao Bá Quát, Bùi Thị Xuân, \
    Bùi Xuân Phái, Đặng Thai Mai, Đặng Thùy Trâm, Dương Quảng Hàm, Tô Hiến Thành, Tô Hiệu, Trương Định, \
    Trương Vĩnh Ký, Đoàn Thị Điểm, Hồ Xuân Hương, Hồ Tùng Mậu, Hà Huy Tập, Triệu Thị Trinh, Trịnh Hoài Đức, \
    Tạ Quang Bửu, Nông Văn Dền, Thân Nhân Trung, Võ Cổ Truyền";
/// The ethnicities of Vietnam, and other ways to write them.
pub(super) const ETHNICITIES: &str = "\
    kinh, tày, thái, mường, khmer, khơ me, hoa, nùng, mông, h'mông, hmông, dao, gia rai, ê đê, ba na, sán chay, \
    cao lan, chăm, cơ ho, xơ đăng, xơ-đăng, sán dìu, hrê, ra glai, raglai, mnông, thổ, xtiêng, khơ mú, bru, \
    cơ tu, giáy, tà ôi, mạ, gié triêng, co, cor, chơ ro, xinh mun, hà nhì, chu ru, lào, la chí, kháng, phù lá, \
    la hủ, la ha, pà thẻn, lự, ngái, chứt, lô lô, mảng, cơ lao, bố y, cống, si la, pu péo, rơ măm, brâu, ơ đu";
/// What forms say of religion.
pub(super) const RELIGIONS: &str = "\
    không, phật giáo, phật, công giáo, thiên chúa, thiên chúa giáo, tin lành, cao đài, hòa hảo, hoà hảo, \
    hồi giáo, bà la môn";
/// What stands behind the number of a house or a lane, and not behind a count.
pub(super) const OF_A_PLACE: &str = "\
    đường, phố, ngách, ngõ, hẻm, tổ, khu, thôn, xóm, ấp, bản, phường, xã, quận, huyện";
/// What follows when something has been said of somebody.
pub(super) const OF_THE_SAME: &str = "\
    tôn, dân, sinh, ngày, quê, giới, trú, địa, trình, nghề, cccd";
